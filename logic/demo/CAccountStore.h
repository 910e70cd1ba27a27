#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "logic/demo/DemoMessages.h"
#include "misc/CLimitedLog.h"
#include "misc/thread/CMutex.h"

namespace switchboard {

struct SAccountStoreOptions {
  // Argon2id, one lane: the memory of OWASP's first minimum configuration (19 MiB, 2 passes) with twice its passes,
  // about 20 ms on a current core. libsodium's INTERACTIVE (64 MiB, 2 passes) takes 40 ms, but its memory, once per
  // business thread of every worker, would reach gigabytes during a storm of logins. Source: OWASP Password Storage
  // Cheat Sheet, section Argon2id.
  uint64_t hashPasses = 4;
  size_t hashMemoryBytes = 19 * 1024 * 1024;
  // How long a call waits for the writers of other threads and processes before it fails.
  std::chrono::milliseconds busyTimeout{5000};
  // Told of failures, at most one line a second; borrowed, and outlives the store. Null: nobody is told.
  CLimitedLog* p_log = nullptr;
};

// The demo accounts: name, type and password hash of each user, in one SQLite file that all workers share.
// Names are compared byte by byte: no case folding, no Unicode normalisation.
// A call blocks for the time of one Argon2id and one small transaction: it belongs on the business pool. A power cut
// may lose the last registrations (synchronous = NORMAL), a crashed process loses none.
// Threads: any. Construct it after fork: an SQLite handle must not cross one.
class CAccountStore {
 public:
  // Opens the file, and makes it (mode 0600) when it is missing; its directory must exist. Throws std::runtime_error
  // that names the file and the cause.
  explicit CAccountStore(std::string file, const SAccountStoreOptions& options = {});
  ~CAccountStore();
  CAccountStore(const CAccountStore&) = delete;
  CAccountStore& operator=(const CAccountStore&) = delete;

  // kOk, kNameTaken or kStoreFailure. Of any number of callers in any process, one registers the name.
  // Name and password are not empty, as TextField gives them; the password is read in place and never copied.
  EDemoResult Register(std::string_view username, std::string_view password, int32_t type);
  // kOk, kBadCredentials or kStoreFailure. An unknown name costs the same hashing as a wrong password.
  EDemoResult Login(std::string_view username, std::string_view password);

 private:
  class CConnection;

  std::string Hash(std::string_view password) const;
  std::unique_ptr<CConnection> TakeConnection();
  void GiveConnection(std::unique_ptr<CConnection> connection);
  EDemoResult Fail(const std::exception& error);

  // Constant after construction.
  const std::string m_file;
  const SAccountStoreOptions m_options;
  std::string m_decoyHash;  // of a password that nobody knows: what an unknown name is verified against

  // Free connections: a caller takes one for one statement, so there are never more than callers at the same time.
  CMutex m_mutex;
  std::vector<std::unique_ptr<CConnection>> m_idle GUARDED_BY(m_mutex);
};

}  // namespace switchboard
