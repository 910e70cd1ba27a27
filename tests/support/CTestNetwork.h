#pragma once

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "logic/CLogic.h"
#include "logic/CModuleSet.h"
#include "misc/CLog.h"
#include "misc/thread/CClock.h"
#include "net/config/CConfig.h"
#include "net/network/CApplication.h"
#include "net/network/CNetwork.h"
#include "net/wire/Counters.h"

namespace switchboard {

// Defaults for tests: two business threads, a short cool-down, no heartbeat, no GoAway.
SConfig TestConfig();

// What is wrong with the counters of a network at rest, by the identities "accepted = replied + rejected + oneway +
// discarded, nothing in flight" and "connections accepted = active + closed"; empty when nothing is.
std::string AccountingError(const SWorkerPage& page);

// The network of one worker on an ephemeral port of 127.0.0.1. However it is stopped, the accounting is checked then.
// Threads: the test's; Count by any.
class CTestNetwork {
 public:
  // With a lock, `listener` is a socket that it shares with others (invalid: its own, for them to share).
  explicit CTestNetwork(CApplication& application, const SConfig& config = TestConfig(),
                        std::shared_ptr<CAcceptLock> p_lock = nullptr, CFd listener = CFd());
  explicit CTestNetwork(CLogic& logic, const SConfig& config = TestConfig()) : CTestNetwork(logic.Modules(), config) {}
  ~CTestNetwork();
  CTestNetwork(const CTestNetwork&) = delete;
  CTestNetwork& operator=(const CTestNetwork&) = delete;

  uint16_t Port() const { return m_port; }
  CFd DuplicateListener() const { return CFd(::dup(m_listener)); }
  uint64_t Count(ECounter counter) const { return m_p_page->Sum()[static_cast<size_t>(counter)]; }
  uint64_t Count(ECloseReason reason) const { return Count(CounterOf(reason)); }
  uint64_t Count(ERejectReason reason) const { return Count(CounterOf(reason)); }
  // Of a counter that the logic has named; nullopt when there is none.
  std::optional<uint64_t> Count(std::string_view name) const {
    const auto* const p_value = m_p_page->named.Find(name);
    return p_value == nullptr ? std::nullopt : std::optional<uint64_t>(p_value->load());
  }
  uint64_t Active() const { return m_p_page->connectionsActive.load(); }
  void Stop(EStopMode mode = EStopMode::kGraceful);

 private:
  const SConfig m_config;
  CLog m_log;
  CClock m_clock;
  std::unique_ptr<SWorkerPage> m_p_page;
  uint16_t m_port = 0;
  int m_listener = -1;  // the network's
  std::unique_ptr<CNetwork> m_p_network;
};

}  // namespace switchboard
