#include "testing/CTestHost.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "testing/CTestPacket.h"

namespace switchboard {

namespace {

constexpr int kBacklog = 511;
constexpr size_t kToldBytes = 1000;  // of the log

[[noreturn]] void ThrowErrno(const char* p_what) { throw std::system_error(errno, std::generic_category(), p_what); }

// One listener for each protocol, no cool-down that the clock would have to be put forward for, and nothing that takes
// its time at the end.
SConfig ConfigOf(const std::vector<std::string>& settings, const DescribeLogic& describe) {
  std::vector<std::string> all{"listener.0.port=0",           "listener.1.port=0",  "listener.1.protocol=http",
                               "server.shutdown_timeout_s=2", "recycle.delay_ms=0", "protocol.goaway=false",
                               "pool.connections=16"};
  all.insert(all.end(), settings.begin(), settings.end());
  return CConfig::Load("", all, ServerSchema(describe));
}

CFd OpenLog() {
  CFd fd(::memfd_create("switchboard-test-log", MFD_CLOEXEC));
  if (!fd.IsValid()) ThrowErrno("memfd_create");
  return fd;
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

CTestHost::CTestHost(const std::vector<std::string>& settings, const LogicFactory& factory,
                     const DescribeLogic& describe)
    : m_config(ConfigOf(settings, describe)),
      m_factory(factory),
      m_logFile(OpenLog()),
      m_log(fmt::format("/proc/self/fd/{}", m_logFile.Get()), m_config.log.level) {
  Listen();
  Begin(std::make_unique<SWorkerPage>());
}

void CTestHost::Listen() {
  for (size_t i = 0; i < m_config.listeners.size(); ++i) {
    CFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address = Loopback(0);
    auto* const p_address = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    if (!fd.IsValid() || ::bind(fd.Get(), p_address, size) != 0 || ::listen(fd.Get(), kBacklog) != 0 ||
        ::getsockname(fd.Get(), p_address, &size) != 0) {
      ThrowErrno("a listener for a test");
    }
    m_ports.push_back(ntohs(address.sin_port));
    m_listeners.push_back(std::move(fd));
  }
}

// As the master does it: the sockets stay, the process has the next number, and its page counts on.
void CTestHost::Begin(std::unique_ptr<SWorkerPage> p_page) {
  m_sentBytes = 0;
  m_receivedBefore = p_page->Sum()[static_cast<size_t>(ECounter::kBytesReceived)];
  std::vector<SListenerSocket> listeners;
  for (size_t i = 0; i < m_listeners.size(); ++i) {
    listeners.push_back({CFd(::dup(m_listeners[i].Get())), static_cast<uint32_t>(i)});
  }
  SWorkerPage& page = *p_page;
  m_p_worker = std::make_unique<CTestWorker>(SNetworkDeps{m_config, m_log, m_clock, page, ++m_process}, m_factory(),
                                             std::move(p_page), std::move(listeners));
}

uint16_t CTestHost::PortOf(std::string_view listener, EListenerProtocol protocol) const {
  for (size_t i = 0; i < m_config.listeners.size(); ++i) {
    const SListenerConfig& config = m_config.listeners[i];
    if (listener.empty() ? config.protocol == protocol : config.name == listener) return m_ports[i];
  }
  throw CTestFailure(fmt::format("no [[listener]] is called \"{}\"", listener));
}

CFd CTestHost::Connect(uint16_t port) const {
  CFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  if (!fd.IsValid() || ::connect(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ThrowErrno("connect");
  }
  const int on = 1;
  ::setsockopt(fd.Get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

bool CTestHost::IsAtRest() {
  const uint64_t received = m_p_worker->Page().Sum()[static_cast<size_t>(ECounter::kBytesReceived)] - m_receivedBefore;
  return (received >= m_sentBytes || m_p_worker->Watch().HasEnded()) && m_p_worker->Network().IsAtRest();
}

// Nobody announces that nothing happens: it is looked at again and again.
void CTestHost::Settle() {
  if (m_isStopped) return;
  const MonotonicTime deadline = Deadline();
  while (!IsAtRest()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw CTestFailure(Told(fmt::format("the server has not come to rest within {} ms", m_patience.count())));
    }
    ::poll(nullptr, 0, 1);
  }
}

// From deadline to deadline, so that what is due again and again happens as often as it would.
void CTestHost::Advance(MonotonicTime::duration by) {
  Settle();
  const MonotonicTime end = m_clock.Now() + by;
  while (!m_isStopped && m_clock.Now() < end) {
    const MonotonicTime next = std::min(m_p_worker->Network().NextDeadline().value_or(end), end);
    m_clock.Advance(std::max(next - m_clock.Now(), MonotonicTime::duration{1}));
    m_p_worker->Network().LookAtClock();
    Settle();
  }
}

void CTestHost::Crash() {
  Settle();
  if (m_isStopped) return;
  std::unique_ptr<SWorkerPage> p_page = m_p_worker->Crash();
  m_crashed.push_back(std::move(m_p_worker));
  Begin(std::move(p_page));
}

void CTestHost::Stop(EStopMode mode) {
  if (std::exchange(m_isStopped, true) || m_p_worker == nullptr) return;
  m_p_worker->Stop(mode);
}

uint64_t CTestHost::Count(std::string_view counter) const {
  SWorkerPage& page = m_p_worker->Page();
  for (size_t i = 0; i < kCountersInUse; ++i) {
    if (CounterName(static_cast<ECounter>(i)) == counter) return page.Sum()[i];
  }
  if (counter == "connections_active") return page.connectionsActive.load();
  if (const auto* const p_value = page.named.Find(counter)) return p_value->load();
  if (IsFrameworkCounter(counter)) throw CTestFailure(fmt::format("there is no counter \"{}\"", counter));
  return 0;
}

std::string CTestHost::Log() const {
  std::string text;
  std::array<char, 4096> bytes;
  ssize_t n = 0;
  while ((n = ::pread(m_logFile.Get(), bytes.data(), bytes.size(), static_cast<off_t>(text.size()))) > 0) {
    text.append(bytes.data(), static_cast<size_t>(n));
  }
  return text;
}

std::string CTestHost::Told(const std::string& text) const {
  std::string log = Log();
  if (log.empty()) return text;
  if (log.size() > kToldBytes) log.erase(0, log.find('\n', log.size() - kToldBytes) + 1);
  return text + "\nthe server's log ends with:\n" + log;
}

}  // namespace switchboard
