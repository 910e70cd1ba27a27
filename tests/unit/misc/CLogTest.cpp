#include "misc/CLog.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <system_error>
#include <vector>

#include "misc/file/CFd.h"
#include "misc/thread/CThread.h"

namespace switchboard {
namespace {

namespace fs = std::filesystem;

// The parts of "2026-01-31 12:00:00.123 [warn] 4711 sb-io: message".
struct SLine {
  std::string level;
  std::string pid;
  std::string thread;
  std::string message;
};

// Nothing when the line isn't whole.
std::optional<SLine> Parse(const std::string& line) {
  static const std::string kShape = "0000-00-00 00:00:00.000 [";
  if (line.size() < kShape.size()) return std::nullopt;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool isDigit = line[i] >= '0' && line[i] <= '9';
    if (kShape[i] == '0' ? !isDigit : line[i] != kShape[i]) return std::nullopt;
  }
  const size_t level = kShape.size();
  const size_t pid = line.find("] ", level);
  const size_t thread = line.find(' ', pid + 2);
  const size_t message = line.find(": ", thread);
  if (pid == std::string::npos || thread == std::string::npos || message == std::string::npos) return std::nullopt;
  return SLine{line.substr(level, pid - level), line.substr(pid + 2, thread - pid - 2),
               line.substr(thread + 1, message - thread - 1), line.substr(message + 2)};
}

class CLogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "switchboard-log-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    m_directory = name;
  }
  void TearDown() override { fs::remove_all(m_directory); }

  std::string Path(const std::string& name = "log") const { return (m_directory / name).string(); }

  static std::vector<std::string> LinesOf(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  // The message of a line, as it stands in the file.
  std::string Logged(const std::string& message) const {
    CLog log(Path(), ELogLevel::kInfo);
    log.Info("{}", message);
    return Parse(LinesOf(Path()).back()).value_or(SLine{}).message;
  }

  fs::path m_directory;
};

TEST_F(CLogTest, ALineTellsTimeLevelPidThreadAndMessage) {
  CLog log(Path(), ELogLevel::kDebug);
  CThread thread("sb-io", [&] { log.Warn("peer {} of {}", 3, "four"); });
  thread.Join();
  const std::vector<std::string> lines = LinesOf(Path());
  ASSERT_EQ(lines.size(), 1U);
  const std::optional<SLine> line = Parse(lines[0]);
  ASSERT_TRUE(line) << lines[0];
  EXPECT_EQ(line->level, "warn");
  EXPECT_EQ(line->pid, std::to_string(::getpid()));
  EXPECT_EQ(line->thread, "sb-io");
  EXPECT_EQ(line->message, "peer 3 of four");
}

// As what exit(3) calls does in a worker: the thread's own things are gone by then, those of the log among them.
TEST_F(CLogTest, TakesALineFromAThreadThatTakesItsThingsDown) {
  struct SLast {
    ~SLast() { p_log->Info("the last line"); }
    CLog* p_log;
  };
  CLog log(Path(), ELogLevel::kInfo);
  CThread thread("ends", [&log] {
    thread_local SLast last{&log};  // made before what the next line makes, and so destroyed after it
    last.p_log->Info("a line before");
  });
  thread.Join();
  const std::vector<std::string> lines = LinesOf(Path());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(Parse(lines[1]).value_or(SLine{}).message, "the last line");
}

TEST_F(CLogTest, LevelsAreNamedAndSorted) {
  CLog log(Path(), ELogLevel::kDebug);
  const auto logAll = [&log] {
    log.Debug("x");
    log.Info("x");
    log.Warn("x");
    log.Error("x");
    log.Alert("x");
  };
  logAll();
  log.SetLevel(ELogLevel::kError);
  logAll();
  log.SetLevel(ELogLevel::kAlert);
  logAll();
  std::string levels;
  for (const std::string& line : LinesOf(Path())) levels += Parse(line).value_or(SLine{}).level + " ";
  EXPECT_EQ(levels, "debug info warn error alert error alert alert ");
}

TEST_F(CLogTest, EscapesControlBytes) {
  EXPECT_EQ(Logged("a\nb\tc\x1b[31m\x7f"), "a\\x0ab\\x09c\\x1b[31m\\x7f");
  EXPECT_EQ(Logged(std::string("nul\0!", 5)), "nul\\x00!");
  EXPECT_EQ(Logged("\xc2\x9b"
                   "2J"),
            "\\xc2\\x9b2J")
      << "a C1 control";
}

TEST_F(CLogTest, KeepsValidUtf8) {
  for (const char* text : {"Grüße, 世界 🙂", "\xc2\xa0", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(Logged(text), text);
  }
}

TEST_F(CLogTest, EscapesInvalidUtf8) {
  EXPECT_EQ(Logged("\xff"), "\\xff");
  EXPECT_EQ(Logged("\xc3"), "\\xc3") << "cut";
  EXPECT_EQ(Logged("\xe4\xb8x"), "\\xe4\\xb8x") << "cut";
  EXPECT_EQ(Logged("\x80"), "\\x80") << "a continuation alone";
  EXPECT_EQ(Logged("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(Logged("\xe0\x9f\xbf"), "\\xe0\\x9f\\xbf") << "overlong";
  EXPECT_EQ(Logged("\xf0\x8f\xbf\xbf"), "\\xf0\\x8f\\xbf\\xbf") << "overlong";
  EXPECT_EQ(Logged("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(Logged("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "over U+10FFFF";
}

TEST_F(CLogTest, AThreadThatIsNamedLateShowsItsNewName) {
  CLog log(Path(), ELogLevel::kInfo);
  CThread thread("before", [&] {
    log.Info("x");
    pthread_setname_np(pthread_self(), "af\nter");
    log.Info("x");
  });
  thread.Join();
  const std::vector<std::string> lines = LinesOf(Path());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[0].find(" before: x"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find(" af\\x0ater: x"), std::string::npos) << lines[1];
}

TEST_F(CLogTest, ThreadsOfSeveralProcessesTearNoLine) {
  constexpr int kProcesses = 3;
  constexpr int kThreads = 3;
  constexpr int kLines = 200;
  CLog log(Path(), ELogLevel::kInfo);
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      std::vector<CThread> threads;
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back("sb-" + std::to_string(thread), [&log, thread] {
          for (int i = 0; i < kLines; ++i) log.Info("{} {} {} end", thread, i, std::string(500, 'x'));
        });
      }
      threads.clear();
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) ASSERT_EQ(::waitpid(child, nullptr, 0), child);

  const std::string filler(500, 'x');
  std::map<std::string, int> next;
  for (const std::string& text : LinesOf(Path())) {
    const std::optional<SLine> line = Parse(text);
    ASSERT_TRUE(line) << text;
    const int i = next[line->pid + "/" + line->thread]++;
    ASSERT_EQ(line->thread.substr(3) + " " + std::to_string(i) + " " + filler + " end", line->message);
  }
  EXPECT_EQ(next.size(), size_t{kProcesses} * kThreads);
  for (const pid_t child : children) {
    for (int thread = 0; thread < kThreads; ++thread) {
      EXPECT_EQ(next[std::to_string(child) + "/sb-" + std::to_string(thread)], kLines);
    }
  }
}

TEST_F(CLogTest, AppendsToWhatIsThere) {
  CLog(Path(), ELogLevel::kInfo).Info("one");
  CLog(Path(), ELogLevel::kInfo).Info("two");
  EXPECT_EQ(LinesOf(Path()).size(), 2U);
}

TEST_F(CLogTest, ReopensAfterARename) {
  CLog log(Path(), ELogLevel::kInfo);
  log.Info("one");
  fs::rename(Path(), Path("old"));
  log.Info("two");
  EXPECT_TRUE(log.Reopen());
  log.Info("three");
  EXPECT_EQ(LinesOf(Path("old")).size(), 2U);
  EXPECT_EQ(LinesOf(Path()).size(), 1U);
}

TEST_F(CLogTest, ReopensThePathOfTheStartFromAnotherDirectory) {
  const fs::path before = fs::current_path();
  fs::current_path(m_directory);
  CLog log("log", ELogLevel::kInfo);
  fs::current_path(before);
  fs::rename(Path(), Path("old"));
  EXPECT_TRUE(log.Reopen());
  EXPECT_TRUE(fs::exists(Path()));
}

TEST_F(CLogTest, AReopenThatFailsKeepsTheOldFile) {
  CLog log(Path(), ELogLevel::kInfo);
  fs::rename(Path(), Path("old"));
  fs::create_directory(Path());
  EXPECT_FALSE(log.Reopen());
  EXPECT_EQ(errno, EISDIR);
  log.Info("still there");
  EXPECT_EQ(LinesOf(Path("old")).size(), 1U);
}

TEST_F(CLogTest, RotationUnderWritersLosesNothing) {
  constexpr int kThreads = 3;
  constexpr int kRotations = 50;
  CLog log(Path(), ELogLevel::kInfo);
  std::atomic<bool> isOver{false};
  std::atomic<size_t> written{0};
  std::vector<CThread> writers;
  for (int i = 0; i < kThreads; ++i) {
    writers.emplace_back("sb-writer", [&] {
      do {
        log.Info("line");
        ++written;
      } while (!isOver);
    });
  }
  for (int i = 0; i < kRotations; ++i) {
    fs::rename(Path(), Path("old." + std::to_string(i)));
    EXPECT_TRUE(log.Reopen());
  }
  isOver = true;
  writers.clear();
  size_t lines = 0;
  for (const auto& entry : fs::directory_iterator(m_directory)) lines += LinesOf(entry.path().string()).size();
  EXPECT_EQ(lines, written);
}

TEST_F(CLogTest, TheDescriptorIsAppendingAndClosedOnExec) {
  const CLog log(Path(), ELogLevel::kInfo);
  int found = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    if (fs::read_symlink(entry.path(), error) != fs::path(Path())) continue;
    const int fd = std::stoi(entry.path().filename());
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_APPEND, 0);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ++found;
  }
  EXPECT_EQ(found, 1);
}

TEST_F(CLogTest, AFileThatCantBeOpenedThrows) {
  EXPECT_THROW(CLog("/nowhere/log", ELogLevel::kInfo), std::system_error);
  EXPECT_THROW(CLog(m_directory.string(), ELogLevel::kInfo), std::system_error);
}

TEST_F(CLogTest, AFullDiskLosesLinesAndThenTellsHowMany) {
  fs::create_symlink("/dev/full", Path());
  CLog log(Path(), ELogLevel::kInfo);
  for (int i = 0; i < 7; ++i) log.Info("lost");
  fs::remove(Path());
  EXPECT_TRUE(log.Reopen());
  log.Info("there again");
  log.Info("and on");

  const std::vector<std::string> lines = LinesOf(Path());
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_NE(lines[0].find("[warn]"), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find(": 7 log lines were lost here: No space left on device"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find(": there again"), std::string::npos);
}

TEST_F(CLogTest, AFullPipeIsNotWaitedForAndNoLineIsGluedToATornOne) {
  ASSERT_EQ(::mkfifo(Path().c_str(), 0600), 0);
  const CFd reader(::open(Path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.IsValid());
  CLog log(Path(), ELogLevel::kInfo);
  const std::string large(10000, 'x');
  for (int i = 0; i < 10; ++i) log.Info("{} {} end", i, large);  // more than the 64 KiB of a pipe

  std::string text;
  std::vector<char> block(1 << 20);
  const auto drain = [&] {
    for (ssize_t n = 0; (n = ::read(reader.Get(), block.data(), block.size())) > 0;) {
      text.append(block.data(), static_cast<size_t>(n));
    }
  };
  drain();
  log.Info("after");
  drain();

  std::istringstream lines(text);
  const auto isWhole = [&large](const std::string& line) {
    const std::string message = Parse(line).value_or(SLine{}).message;
    const bool isLarge = !message.empty() && message.substr(1) == " " + large + " end";
    return isLarge || message == "after" || message.find(" log lines were lost here: ") != std::string::npos;
  };
  int torn = 0;
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    torn += isWhole(line) ? 0 : 1;
    last = line;
  }
  EXPECT_LE(torn, 1);
  EXPECT_NE(text.find(" log lines were lost here: Resource temporarily unavailable\n"), std::string::npos);
  EXPECT_TRUE(last.ends_with(": after")) << last;
}

TEST_F(CLogTest, WritesToStandardError) {
  testing::internal::CaptureStderr();
  CLog log("stderr", ELogLevel::kInfo);
  log.Info("hello");
  EXPECT_TRUE(log.Reopen());
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.ends_with(": hello\n")) << text;
}

// As of a service whose log nobody reads.
class CStandardError {
 public:
  explicit CStandardError(int fd) : m_before(::dup(STDERR_FILENO)) { ::dup2(fd, STDERR_FILENO); }
  ~CStandardError() { ::dup2(m_before.Get(), STDERR_FILENO); }
  CStandardError(const CStandardError&) = delete;
  CStandardError& operator=(const CStandardError&) = delete;

 private:
  const CFd m_before;
};

// What is in a descriptor that doesn't block.
std::string Drain(int fd) {
  std::string text;
  std::vector<char> block(1 << 20);
  for (ssize_t n = 0; (n = ::recv(fd, block.data(), block.size(), MSG_DONTWAIT)) > 0 ||
                      (n = ::read(fd, block.data(), block.size())) > 0;) {
    text.append(block.data(), static_cast<size_t>(n));
  }
  return text;
}

TEST_F(CLogTest, StandardErrorThatNobodyReadsIsNotWaitedForAndStaysAsItIs) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  std::array<int, 2> sockets{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
  for (const auto& [readEnd, writeEnd] : {pipe, sockets}) {
    const CFd reader(readEnd);
    const CFd writer(writeEnd);
    const CStandardError standardError(writer.Get());
    CLog log("stderr", ELogLevel::kInfo);
    for (int i = 0; i < 3000; ++i) log.Info("{}", std::string(1000, 'x'));
    EXPECT_EQ(::fcntl(writer.Get(), F_GETFL) & O_NONBLOCK, 0) << "others write there as well";
    ::fcntl(reader.Get(), F_SETFL, O_NONBLOCK);
    EXPECT_GT(Drain(reader.Get()).size(), 10000U);
    log.Info("again");
    const std::string text = Drain(reader.Get());
    EXPECT_NE(text.find(" log lines were lost here: "), std::string::npos) << text;
    EXPECT_TRUE(text.ends_with(": again\n")) << text;
  }
}

}  // namespace
}  // namespace switchboard
