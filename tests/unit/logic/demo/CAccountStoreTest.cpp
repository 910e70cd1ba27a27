#include "logic/demo/CAccountStore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "misc/file/CFd.h"

namespace switchboard {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// The least that libsodium takes: a hash in microseconds.
SAccountStoreOptions Cheap() {
  SAccountStoreOptions options;
  options.hashPasses = crypto_pwhash_OPSLIMIT_MIN;
  options.hashMemoryBytes = crypto_pwhash_MEMLIMIT_MIN;
  return options;
}

// A directory of its own for each test, gone afterwards.
class CAccountStoreTest : public testing::Test {
 protected:
  CAccountStoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "accounts-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    m_directory = pattern;
    m_file = (m_directory / "accounts.db").string();
  }
  ~CAccountStoreTest() override { std::filesystem::remove_all(m_directory); }

  // Runs SQL behind the store's back, and returns the last row's first column.
  static std::string Sql(sqlite3* p_database, const char* p_sql) {
    std::string result;
    const auto keep = [](void* p_result, int, char** pp_columns, char**) {
      *static_cast<std::string*>(p_result) = pp_columns[0] == nullptr ? "" : pp_columns[0];
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(p_database, p_sql, keep, &result, nullptr), SQLITE_OK) << sqlite3_errmsg(p_database);
    return result;
  }
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> OpenRaw() const {
    sqlite3* p_database = nullptr;
    EXPECT_EQ(sqlite3_open(m_file.c_str(), &p_database), SQLITE_OK);
    return {p_database, sqlite3_close};
  }
  // What the constructor says about the file.
  std::string OpeningError(const std::string& file, const SAccountStoreOptions& options = Cheap()) const {
    try {
      const CAccountStore store(file, options);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path m_directory;
  std::string m_file;
};

TEST_F(CAccountStoreTest, RegistersAndLogsIn) {
  CAccountStore store(m_file, Cheap());
  EXPECT_EQ(store.Register("alice", "secret", 1), EDemoResult::kOk);
  EXPECT_EQ(store.Login("alice", "secret"), EDemoResult::kOk);
  EXPECT_EQ(store.Login("alice", "Secret"), EDemoResult::kBadCredentials);
  EXPECT_EQ(store.Login("alice", "secret "), EDemoResult::kBadCredentials);
  EXPECT_EQ(store.Login("bob", "secret"), EDemoResult::kBadCredentials);
}

TEST_F(CAccountStoreTest, NamesAreComparedByteByByte) {
  CAccountStore store(m_file, Cheap());
  EXPECT_EQ(store.Register("alice", "one", 0), EDemoResult::kOk);
  EXPECT_EQ(store.Register("Alice", "two", 0), EDemoResult::kOk);
  EXPECT_EQ(store.Register("alice ", "three", 0), EDemoResult::kOk);
  EXPECT_EQ(store.Register("' OR 1=1 --", "four", 0), EDemoResult::kOk);
  EXPECT_EQ(store.Login("Alice", "two"), EDemoResult::kOk);
  EXPECT_EQ(store.Login("Alice", "one"), EDemoResult::kBadCredentials);
}

TEST_F(CAccountStoreTest, ASecondRegistrationIsRefusedAndChangesNothing) {
  CAccountStore store(m_file, Cheap());
  EXPECT_EQ(store.Register("alice", "first", 1), EDemoResult::kOk);
  EXPECT_EQ(store.Register("alice", "second", 2), EDemoResult::kNameTaken);
  EXPECT_EQ(store.Login("alice", "first"), EDemoResult::kOk);
  EXPECT_EQ(store.Login("alice", "second"), EDemoResult::kBadCredentials);
  EXPECT_EQ(Sql(OpenRaw().get(), "SELECT type FROM accounts"), "1");
}

TEST_F(CAccountStoreTest, AccountsOutliveTheStoreAndItsHashOptions) {
  {
    SAccountStoreOptions options = Cheap();
    options.hashPasses = 3;
    CAccountStore store(m_file, options);
    EXPECT_EQ(store.Register("alice", "secret", -7), EDemoResult::kOk);
  }
  CAccountStore store(m_file, Cheap());
  EXPECT_EQ(store.Login("alice", "secret"), EDemoResult::kOk);
  EXPECT_EQ(store.Register("alice", "other", 0), EDemoResult::kNameTaken);
}

TEST_F(CAccountStoreTest, KeepsNoPasswordAndNoSharedFile) {
  CAccountStore store(m_file, Cheap());
  EXPECT_EQ(store.Register("alice", "secret", 0), EDemoResult::kOk);
  EXPECT_EQ(store.Register("bob", "secret", 0), EDemoResult::kOk);
  const auto database = OpenRaw();
  EXPECT_THAT(Sql(database.get(), "SELECT password_hash FROM accounts WHERE username = 'alice'"),
              testing::StartsWith("$argon2id$v=19$m=8,t=1,p=1$"));
  EXPECT_EQ(Sql(database.get(), "SELECT count(DISTINCT password_hash) FROM accounts"), "2");
  EXPECT_EQ(Sql(database.get(), "PRAGMA journal_mode"), "wal");
  for (const char* p_suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat((m_file + p_suffix).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << p_suffix;
  }
}

// CPU time of this thread: other load on the machine does not count.
double CpuSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double CheapestOfThree(const std::function<void()>& call) {
  double cheapest = 1e9;
  for (int round = 0; round < 3; ++round) {
    const double start = CpuSeconds();
    call();
    cheapest = std::min(cheapest, CpuSeconds() - start);
  }
  return cheapest;
}

TEST_F(CAccountStoreTest, AnUnknownUserCostsAsMuchAsAWrongPassword) {
  SAccountStoreOptions options;
  options.hashMemoryBytes = 8 * 1024 * 1024;
  CAccountStore store(m_file, options);
  ASSERT_EQ(store.Register("alice", "secret", 0), EDemoResult::kOk);
  const double wrong = CheapestOfThree([&] { store.Login("alice", "wrong"); });
  const double unknown = CheapestOfThree([&] { store.Login("nobody", "wrong"); });
  EXPECT_GT(unknown, 0.5 * wrong);
  EXPECT_LT(unknown, 2.0 * wrong);
}

TEST_F(CAccountStoreTest, AFreshFileIsOpenedByManyAtOnce) {
  std::atomic<int> opened{0};
  std::vector<std::thread> threads;
  for (int index = 0; index < 8; ++index) {
    threads.emplace_back([&] {
      const CAccountStore store(m_file, Cheap());
      ++opened;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(opened.load(), 8);
}

constexpr size_t kRaceNames = 20;
constexpr int kRaceProcesses = 2;
constexpr int kRaceThreads = 4;

// What the racers of all processes report; lives in shared memory.
struct SRace {
  std::atomic<int> wins[kRaceNames];
  std::atomic<int> winner[kRaceNames];
  std::atomic<int> losses;
};

std::string RaceName(size_t index) { return "name-" + std::to_string(index); }
std::string RacePassword(int racer) { return "password-" + std::to_string(racer); }

// One process of the race: opens the store when the start pipe ends, then all its threads register all names.
void RunRacers(const std::string& file, int process, const CFd& start, SRace& race) {
  char byte = 0;
  if (::read(start.Get(), &byte, 1) != 0) return;
  CAccountStore store(file, Cheap());
  std::vector<std::thread> threads;
  for (int index = 0; index < kRaceThreads; ++index) {
    threads.emplace_back([&store, &race, racer = process * kRaceThreads + index] {
      for (size_t name = 0; name < kRaceNames; ++name) {
        switch (store.Register(RaceName(name), RacePassword(racer), racer)) {
          case EDemoResult::kOk:
            ++race.wins[name];
            race.winner[name] = racer;
            break;
          case EDemoResult::kNameTaken:
            ++race.losses;
            break;
          default:
            break;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(CAccountStoreTest, EachNameIsWonOnceInARaceOfProcessesAndThreads) {
  void* p_page = ::mmap(nullptr, sizeof(SRace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(p_page, MAP_FAILED);
  auto& race = *new (p_page) SRace{};
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const CFd start(ends[0]);
  CFd startSignal(ends[1]);

  std::vector<pid_t> children;
  for (int process = 0; process < kRaceProcesses; ++process) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      startSignal.Reset();
      try {
        RunRacers(m_file, process, start, race);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  startSignal.Reset();
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }

  CAccountStore store(m_file, Cheap());
  for (size_t name = 0; name < kRaceNames; ++name) {
    EXPECT_EQ(race.wins[name].load(), 1) << RaceName(name);
    EXPECT_EQ(store.Login(RaceName(name), RacePassword(race.winner[name])), EDemoResult::kOk) << RaceName(name);
  }
  EXPECT_EQ(race.losses.load(), static_cast<int>(kRaceNames) * (kRaceProcesses * kRaceThreads - 1));
  ::munmap(p_page, sizeof(SRace));
}

TEST_F(CAccountStoreTest, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream(m_file) << std::string(8192, 'x');
  EXPECT_THAT(OpeningError(m_file), AllOf(HasSubstr(m_file), HasSubstr("file is not a database")));
}

TEST_F(CAccountStoreTest, ADamagedDatabaseIsRefused) {
  { const CAccountStore store(m_file, Cheap()); }
  std::fstream file(m_file, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);  // behind the file header: the root page of the schema
  file << std::string(2000, 'x');
  file.close();
  EXPECT_THAT(OpeningError(m_file), AllOf(HasSubstr(m_file), HasSubstr("malformed")));
}

TEST_F(CAccountStoreTest, ADatabaseOfAnotherProgramIsRefused) {
  Sql(OpenRaw().get(), "CREATE TABLE accounts (iban TEXT)");
  EXPECT_THAT(OpeningError(m_file), AllOf(HasSubstr(m_file), HasSubstr("no column named username")));
}

TEST_F(CAccountStoreTest, AMissingDirectoryIsRefused) {
  const std::string file = (m_directory / "missing" / "accounts.db").string();
  EXPECT_THAT(OpeningError(file), AllOf(HasSubstr(file), HasSubstr("No such file or directory")));
}

TEST_F(CAccountStoreTest, ADirectoryIsRefused) {
  EXPECT_THAT(OpeningError(m_directory.string()), HasSubstr("unable to open database file"));
}

TEST_F(CAccountStoreTest, ImpossibleHashLimitsAreRefused) {
  SAccountStoreOptions options = Cheap();
  options.hashMemoryBytes = 1;
  EXPECT_THAT(OpeningError(m_file, options), HasSubstr("Argon2id: Invalid argument"));
}

TEST_F(CAccountStoreTest, AStoreThatIsLockedTooLongFailsAndRecovers) {
  SAccountStoreOptions options = Cheap();
  options.busyTimeout = std::chrono::milliseconds(5);
  const std::string logFile = (m_directory / "log").string();
  CLog log(logFile, ELogLevel::kInfo);
  const CClock clock;
  CLimitedLog limited(log, clock, [] {});
  options.p_log = &limited;
  CAccountStore store(m_file, options);
  ASSERT_EQ(store.Register("alice", "secret", 0), EDemoResult::kOk);
  const auto writer = OpenRaw();
  Sql(writer.get(), "BEGIN IMMEDIATE");
  EXPECT_EQ(store.Register("bob", "secret", 0), EDemoResult::kStoreFailure);
  EXPECT_EQ(store.Login("alice", "secret"), EDemoResult::kOk);  // a writer does not stop readers
  Sql(writer.get(), "ROLLBACK");
  EXPECT_EQ(store.Register("bob", "secret", 0), EDemoResult::kOk);
  std::stringstream logged;
  logged << std::ifstream(logFile).rdbuf();
  EXPECT_THAT(logged.str(), AllOf(HasSubstr("[warn]"), HasSubstr(m_file), HasSubstr("database is locked")));
}

TEST_F(CAccountStoreTest, AFreshFileLockedTooLongIsRefused) {
  const auto other = OpenRaw();
  Sql(other.get(), "CREATE TABLE anything (x); BEGIN EXCLUSIVE");
  SAccountStoreOptions options = Cheap();
  options.busyTimeout = std::chrono::milliseconds(5);
  EXPECT_THAT(OpeningError(m_file, options), HasSubstr("locked"));
}

TEST_F(CAccountStoreTest, ADamagedHashIsAFailureAndNotAWrongPassword) {
  CAccountStore store(m_file, Cheap());
  ASSERT_EQ(store.Register("alice", "secret", 0), EDemoResult::kOk);
  Sql(OpenRaw().get(), "UPDATE accounts SET password_hash = '$argon2id$v=19$nonsense'");
  EXPECT_EQ(store.Login("alice", "secret"), EDemoResult::kStoreFailure);
}

}  // namespace
}  // namespace switchboard
