#include "tests/support/CTestNetwork.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace switchboard {

namespace {

CFd ListenOnLoopback(uint16_t& port) {
  CFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* p_address = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (!fd.IsValid() || ::bind(fd.Get(), p_address, size) != 0 || ::listen(fd.Get(), 511) != 0 ||
      ::getsockname(fd.Get(), p_address, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "a listener for a test");
  }
  port = ntohs(address.sin_port);
  return fd;
}

std::vector<SListenerSocket> OneListener(CFd fd, std::shared_ptr<CAcceptLock> p_lock) {
  std::vector<SListenerSocket> listeners;
  listeners.push_back({std::move(fd), 0, std::move(p_lock)});
  return listeners;
}

}  // namespace

SConfig TestConfig() {
  SConfig config;
  config.listeners.resize(1);
  config.server.shutdown_timeout = std::chrono::seconds(20);
  config.pool.connections = 16;
  config.business.threads = 2;
  config.recycle.delay = std::chrono::milliseconds(1);
  config.heartbeat.enabled = false;
  config.protocol.goaway = false;
  return config;
}

std::string AccountingError(const SWorkerPage& page) {
  const CounterTotals totals = page.Sum();
  const auto of = [&](ECounter counter) { return totals[static_cast<size_t>(counter)]; };
  const auto sum = [&](ECounter first, size_t count) {
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i) value += totals[static_cast<size_t>(first) + i];
    return value;
  };
  const uint64_t rejected = sum(ECounter::kRejectedFirst, static_cast<size_t>(ERejectReason::kCount));
  const uint64_t ended =
      of(ECounter::kPacketsReplied) + rejected + of(ECounter::kPacketsOneWay) + of(ECounter::kPacketsDiscarded);
  const uint64_t closed = sum(ECounter::kClosedFirst, static_cast<size_t>(ECloseReason::kCount));
  std::string error;
  if (of(ECounter::kPacketsEntered) != of(ECounter::kPacketsLeft)) {
    error += fmt::format("entered {} != left {}; ", of(ECounter::kPacketsEntered), of(ECounter::kPacketsLeft));
  }
  if (of(ECounter::kPacketsAccepted) != ended) {
    error += fmt::format("accepted {} != replied {} + rejected {} + oneway {} + discarded {}; ",
                         of(ECounter::kPacketsAccepted), of(ECounter::kPacketsReplied), rejected,
                         of(ECounter::kPacketsOneWay), of(ECounter::kPacketsDiscarded));
  }
  if (of(ECounter::kConnectionsAccepted) != page.connectionsActive.load() + closed) {
    error += fmt::format("connections accepted {} != active {} + closed {}; ", of(ECounter::kConnectionsAccepted),
                         page.connectionsActive.load(), closed);
  }
  return error;
}

CTestNetwork::CTestNetwork(CApplication& application, const SConfig& config, std::shared_ptr<CAcceptLock> p_lock,
                           CFd listener)
    : m_config(config), m_log("/dev/null", ELogLevel::kDebug), m_p_page(std::make_unique<SWorkerPage>()) {
  if (!listener.IsValid()) listener = ListenOnLoopback(m_port);
  m_listener = listener.Get();
  m_p_network = std::make_unique<CNetwork>(SNetworkDeps{m_config, m_log, m_clock, *m_p_page}, application,
                                           OneListener(std::move(listener), std::move(p_lock)));
  m_p_network->Start();
}

CTestNetwork::~CTestNetwork() { Stop(EStopMode::kFast); }

void CTestNetwork::Stop(EStopMode mode) {
  if (m_p_network == nullptr) return;
  m_p_network->Stop(mode);
  m_p_network.reset();
  EXPECT_EQ(AccountingError(*m_p_page), "");
  EXPECT_EQ(Active(), 0U);
}

}  // namespace switchboard
