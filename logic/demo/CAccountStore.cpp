#include "logic/demo/CAccountStore.h"

#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <exception>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "misc/file/CFd.h"

namespace switchboard {
namespace {

struct SCloseDatabase {
  void operator()(sqlite3* p_database) const { sqlite3_close(p_database); }
};
struct SFinalizeStatement {
  void operator()(sqlite3_stmt* p_statement) const { sqlite3_finalize(p_statement); }
};
// Ends the statement's transaction and forgets the bound texts, which belong to the caller.
struct SResetStatement {
  void operator()(sqlite3_stmt* p_statement) const {
    sqlite3_reset(p_statement);
    sqlite3_clear_bindings(p_statement);
  }
};
using CDatabaseHandle = std::unique_ptr<sqlite3, SCloseDatabase>;
using CStatement = std::unique_ptr<sqlite3_stmt, SFinalizeStatement>;
using CStatementUse = std::unique_ptr<sqlite3_stmt, SResetStatement>;

std::string_view ColumnText(sqlite3_stmt* p_statement, int column) {
  const unsigned char* p_text = sqlite3_column_text(p_statement, column);
  if (p_text == nullptr) return {};
  return {reinterpret_cast<const char*>(p_text), static_cast<size_t>(sqlite3_column_bytes(p_statement, column))};
}

bool IsBusy(int code) { return (code & 0xFF) == SQLITE_BUSY; }  // the low byte is the kind of an extended code

// Password hashes are for the owner's eyes only; SQLite itself would make the file readable to all (and gives the mode
// of the file to its -wal and -shm). O_EXCL, because closing a second descriptor of a file in use would drop the POSIX
// locks that SQLite holds on it.
void CreateIfMissing(const std::string& file) {
  const CFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.IsValid() && errno != EEXIST) {
    throw std::runtime_error("account store '" + file + "': " + std::generic_category().message(errno));
  }
}

}  // namespace

// One SQLite handle with its prepared statements; every failure throws std::runtime_error.
// Threads: one at a time. After a failure it is dropped, not used again.
class CAccountStore::CConnection {
 public:
  CConnection(const std::string& file, std::chrono::milliseconds busyTimeout) : m_file(file) {
    sqlite3* p_database = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(file.c_str(), &p_database, flags, nullptr);
    m_p_database.reset(p_database);
    if (code != SQLITE_OK) Fail();
    if (sqlite3_db_readonly(p_database, "main") != 0) Fail("no permission to write");  // SQLite would open it anyway
    sqlite3_busy_timeout(p_database, static_cast<int>(busyTimeout.count()));
    UseWriteAheadLog(busyTimeout);
    Execute("PRAGMA synchronous = NORMAL");
    Execute(
        "CREATE TABLE IF NOT EXISTS accounts ("
        "  username TEXT NOT NULL UNIQUE,"
        "  type INTEGER NOT NULL,"
        "  password_hash TEXT NOT NULL"
        ") STRICT");
    m_p_insert = Prepare("INSERT INTO accounts (username, type, password_hash) VALUES (?1, ?2, ?3)");
    m_p_select = Prepare("SELECT password_hash FROM accounts WHERE username = ?1");
  }

  // False when the name is taken: the UNIQUE constraint is the only judge, so no two callers can both win.
  bool Insert(std::string_view username, int32_t type, std::string_view passwordHash) {
    const CStatementUse use(m_p_insert.get());
    Bind(use.get(), 1, username);
    if (sqlite3_bind_int(use.get(), 2, type) != SQLITE_OK) Fail();
    Bind(use.get(), 3, passwordHash);
    const int code = sqlite3_step(use.get());
    if (code == SQLITE_CONSTRAINT_UNIQUE) return false;
    if (code != SQLITE_DONE) Fail();
    return true;
  }

  std::optional<std::string> FindPasswordHash(std::string_view username) {
    const CStatementUse use(m_p_select.get());
    Bind(use.get(), 1, username);
    const int code = sqlite3_step(use.get());
    if (code == SQLITE_DONE) return std::nullopt;
    if (code != SQLITE_ROW) Fail();
    return std::string(ColumnText(use.get(), 0));
  }

 private:
  [[noreturn]] void Fail(std::string_view reason) const {
    throw std::runtime_error("account store '" + m_file + "': " + std::string(reason));
  }
  [[noreturn]] void Fail() const { Fail(sqlite3_errmsg(m_p_database.get())); }

  void Execute(const char* p_sql) {
    if (sqlite3_exec(m_p_database.get(), p_sql, nullptr, nullptr, nullptr) != SQLITE_OK) Fail();
  }

  CStatement Prepare(std::string_view sql) {
    sqlite3_stmt* p_statement = nullptr;
    const int code =
        sqlite3_prepare_v2(m_p_database.get(), sql.data(), static_cast<int>(sql.size()), &p_statement, nullptr);
    if (code != SQLITE_OK) Fail();
    return CStatement(p_statement);
  }

  // The text must stay alive until the statement is reset.
  void Bind(sqlite3_stmt* p_statement, int index, std::string_view text) {
    const int code = sqlite3_bind_text64(p_statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
    if (code != SQLITE_OK) Fail();
  }

  // Only one process can turn a fresh file into WAL, and SQLite refuses the others at once, whatever the busy timeout:
  // they queue up as writers instead, which honours it, and ask again.
  void UseWriteAheadLog(std::chrono::milliseconds busyTimeout) {
    const auto deadline = std::chrono::steady_clock::now() + busyTimeout;
    while (!TryWriteAheadLog()) {
      if (std::chrono::steady_clock::now() >= deadline) Fail("another process keeps the file locked");
      Execute("BEGIN EXCLUSIVE; COMMIT");
    }
  }

  // False when another process holds the file.
  bool TryWriteAheadLog() {
    const CStatement statement = Prepare("PRAGMA journal_mode = WAL");
    const int code = sqlite3_step(statement.get());
    if (IsBusy(code)) return false;
    if (code != SQLITE_ROW) Fail();
    if (ColumnText(statement.get(), 0) != "wal") Fail("no write-ahead log is possible here (needs a local file)");
    return true;
  }

  const std::string& m_file;
  CDatabaseHandle m_p_database;  // closed last: the statements belong to it
  CStatement m_p_insert;
  CStatement m_p_select;
};

CAccountStore::CAccountStore(std::string file, const SAccountStoreOptions& options)
    : m_file(std::move(file)), m_options(options) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium can't be initialised: no source of random numbers");
  std::array<char, 32> decoy{};
  randombytes_buf(decoy.data(), decoy.size());
  m_decoyHash = Hash({decoy.data(), decoy.size()});
  sodium_memzero(decoy.data(), decoy.size());
  CreateIfMissing(m_file);
  GiveConnection(TakeConnection());
}

CAccountStore::~CAccountStore() = default;

EDemoResult CAccountStore::Register(std::string_view username, std::string_view password, int32_t type) try {
  const std::string passwordHash = Hash(password);
  std::unique_ptr<CConnection> connection = TakeConnection();
  const bool isNew = connection->Insert(username, type, passwordHash);
  GiveConnection(std::move(connection));
  return isNew ? EDemoResult::kOk : EDemoResult::kNameTaken;
} catch (const std::exception& error) {
  return Fail(error);
}

EDemoResult CAccountStore::Login(std::string_view username, std::string_view password) try {
  std::unique_ptr<CConnection> connection = TakeConnection();
  const std::optional<std::string> passwordHash = connection->FindPasswordHash(username);
  GiveConnection(std::move(connection));

  const std::string& expected = passwordHash ? *passwordHash : m_decoyHash;
  errno = 0;
  if (crypto_pwhash_str_verify(expected.c_str(), password.data(), password.size()) == 0) {
    return passwordHash ? EDemoResult::kOk : EDemoResult::kBadCredentials;
  }
  // libsodium says EINVAL for a wrong password; anything else is lack of memory or a damaged hash.
  if (errno != EINVAL) throw std::runtime_error("account store '" + m_file + "': a password can't be verified");
  return EDemoResult::kBadCredentials;
} catch (const std::exception& error) {
  return Fail(error);
}

std::string CAccountStore::Hash(std::string_view password) const {
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (crypto_pwhash_str(hash.data(), password.data(), password.size(), m_options.hashPasses,
                        m_options.hashMemoryBytes) != 0) {
    throw std::runtime_error("account store '" + m_file + "': Argon2id: " + std::generic_category().message(errno));
  }
  return hash.data();
}

std::unique_ptr<CAccountStore::CConnection> CAccountStore::TakeConnection() {
  {
    const CMutexLock lock(m_mutex);
    if (!m_idle.empty()) {
      std::unique_ptr<CConnection> connection = std::move(m_idle.back());
      m_idle.pop_back();
      return connection;
    }
  }
  return std::make_unique<CConnection>(m_file, m_options.busyTimeout);
}

void CAccountStore::GiveConnection(std::unique_ptr<CConnection> connection) {
  const CMutexLock lock(m_mutex);
  m_idle.push_back(std::move(connection));
}

EDemoResult CAccountStore::Fail(const std::exception& error) {
  if (m_options.p_log != nullptr) m_options.p_log->Warn(0, "{}", error.what());
  return EDemoResult::kStoreFailure;
}

}  // namespace switchboard
