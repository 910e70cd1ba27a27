#include "proc/start/CPreflight.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <string_view>

#include "logic/site/CFileCache.h"
#include "logic/transfer/STransferConfig.h"
#include "misc/thread/UsableCores.h"
#include "net/conn/CConnection.h"
#include "net/conn/Notes.h"
#include "net/wire/Wire.h"
#include "proc/sys/CSocketAddress.h"

namespace switchboard {

namespace {

using std::chrono::milliseconds;

constexpr uint64_t kKibi = 1024;
// What sb-io reads at once may come on top of limits.recv_pause_bytes.
constexpr uint64_t kReadBytes = 128 * kKibi;
// A node of the heartbeat's multimap, with what malloc adds.
constexpr uint64_t kHeartbeatBytes = 96;
// Of each thread: the touched part of its stack, and the buffer that gathers its replies.
constexpr uint64_t kThreadBytes = 64 * kKibi + 2 * kMaxPacketBytes;
constexpr uint32_t kRoleThreads = 6;  // main, sb-io, sb-send, sb-file, sb-recycle, sb-heart
// Log, standard streams, epoll sets, eventfds, channel, signalfd, scoreboard; and a handful for the logic.
constexpr uint64_t kOwnDescriptors = 32;
// Clients that don't read, or send more than is handled, are few; a server that can't stand these is in danger.
constexpr uint64_t kBadClientShare = 100;  // one in a hundred
constexpr uint32_t kThreadsPerCore = 64;
// Nobody has asked for the default number of connections: it is as many as there is room for, unless that is so few.
constexpr uint64_t kFewConnections = 1000;

std::string Grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string Bytes(uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string Seconds(milliseconds time) { return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000); }

// Works one configuration out. Threads: one.
class CArithmetic {
 public:
  CArithmetic(const SConfig& config, const SMachine& machine) : m_config(config), m_machine(machine) {
    m_workers = config.server.workers;
    if (config.server.dynamic_workers) m_workers = std::max(m_workers, config.server.dynamic_workers->max);
  }

  SPreflight Run() {
    CheckMemory();
    CheckDescriptors();
    CheckBacklogs();
    CheckThreads();
    CheckTimes();
    CheckAddresses();
    return std::move(m_result);
  }

 private:
  void Row(std::string what, std::string terms, std::string result) {
    m_result.table.push_back({std::move(what), std::move(terms), std::move(result)});
  }
  void Product(std::string what, uint64_t count, uint64_t each) {
    Row(std::move(what), fmt::format("{} × {}", Grouped(count), Bytes(each)), Bytes(count * each));
  }
  template <class... Args>
  void Refuse(fmt::format_string<Args...> format, Args&&... args) {
    m_result.impossible.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void Doubt(fmt::format_string<Args...> format, Args&&... args) {
    m_result.doubtful.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  // Of a worker, all that run handlers: one alone in a process pool.
  uint64_t HandlerThreads() const;
  // The files that a worker may hold open beside its connections.
  uint64_t FilesOpen() const;
  void CheckMemory();
  void CheckDescriptors();
  void CheckBacklogs();
  void CheckThreads();
  void CheckTimes();
  void CheckAddresses();

  const SConfig& m_config;
  const SMachine& m_machine;
  uint32_t m_workers = 1;  // at most
  SPreflight m_result;
};

void CArithmetic::CheckMemory() {
  const uint64_t connections = m_config.pool.max_connections;
  const uint64_t packetBytes = m_config.limits.packet_bytes;
  const uint64_t threads = HandlerThreads() + kRoleThreads;
  const uint64_t idleEach = sizeof(CConnection) + SInboxes::kRecycleNotesPerConnection * sizeof(RecycleNote) +
                            (m_config.heartbeat.enabled ? kHeartbeatBytes : 0);
  // A started packet's memory doubles as it arrives.
  const uint64_t startedEach = 2 * packetBytes;
  const uint64_t waitingEach = m_config.limits.recv_pause_bytes + kReadBytes;
  // Beyond business.queue_packets, only headers wait.
  const uint64_t waitingMost = m_config.business.queue_packets * packetBytes;
  const uint64_t unsentEach = m_config.limits.send_queue_bytes;

  const uint64_t idle = connections * idleEach + threads * kThreadBytes;
  const auto with = [&](uint64_t badClients) {
    return idle + badClients * (startedEach + unsentEach) + std::min(badClients * waitingEach, waitingMost);
  };
  Product("memory of a worker: its threads", threads, kThreadBytes);
  Product("  idle connections", connections, idleEach);
  Product("  started packets", connections, startedEach);
  if (connections * waitingEach <= waitingMost) {
    Product("  packets that wait for a handler", connections, waitingEach);
  } else {
    Product("  packets that wait for a handler", m_config.business.queue_packets, packetBytes);
  }
  Product("  replies that wait to be sent", connections, unsentEach);
  const uint64_t bad = (connections + kBadClientShare - 1) / kBadClientShare;
  Product("memory of all workers, every client idle", m_workers, idle);
  Product("  one client in a hundred at its limits", m_workers, with(bad));
  Product("  every client at its limits", m_workers, with(connections));
  if (m_machine.memoryBytes == 0) return;
  Row("memory of the machine", "", Bytes(m_machine.memoryBytes));

  if (m_workers * idle > m_machine.memoryBytes) {
    Refuse("pool.max_connections: {} workers with {} idle connections each need {}, and there are {}", m_workers,
           Grouped(connections), Bytes(m_workers * idle), Bytes(m_machine.memoryBytes));
  } else if (m_workers * with(bad) > m_machine.memoryBytes) {
    Doubt(
        "pool.max_connections: one client in a hundred that fills limits.send_queue_bytes and "
        "limits.recv_pause_bytes makes it {}, and there are {}",
        Bytes(m_workers * with(bad)), Bytes(m_machine.memoryBytes));
  }
}

uint64_t CArithmetic::HandlerThreads() const {
  if (m_config.business.mode == EBusinessMode::kProcessPool) return m_config.business.threads;
  uint64_t threads = uint64_t{m_config.business.threads} + m_config.business.blocking_threads;
  for (const SNamedPoolConfig& pool : m_config.pool.named) threads += pool.threads;
  return threads;
}

uint64_t CArithmetic::FilesOpen() const {
  uint64_t files = 0;
  if (m_config.sections.Has<STransferConfig>()) {
    const auto& transfer = m_config.sections.Get<STransferConfig>();
    files = transfer.root.empty() ? 0 : transfer.max_open_worker;
  }
  for (const SListenerConfig& listener : m_config.listeners) {
    if (listener.protocol == EListenerProtocol::kHttp && !listener.root.empty()) files += CFileCache::kMaxFiles;
  }
  return files;
}

void CArithmetic::CheckDescriptors() {
  const uint64_t listeners = m_config.listeners.size();
  const uint64_t connections = m_config.pool.max_connections;
  // The sockets of retired workers may fall to one worker; the master keeps them all.
  const uint64_t own = kOwnDescriptors + listeners * m_workers;
  const uint64_t files = FilesOpen();
  const uint64_t all = own + connections + files;
  Row("descriptors of a worker",
      fmt::format("{} + {} × {} + {}{}", kOwnDescriptors, m_workers, listeners, Grouped(connections),
                  files == 0 ? "" : " + " + Grouped(files)),
      Grouped(all));
  if (m_machine.descriptors == 0) return;
  Row("  hard limit", "", Grouped(m_machine.descriptors));
  if (own >= m_machine.descriptors) {
    Refuse(
        "server.workers: {} workers with {} listeners each need {} descriptors before the first client comes, and "
        "the hard limit is {} (ulimit -Hn)",
        m_workers, listeners, Grouped(own), Grouped(m_machine.descriptors));
  } else if (all > m_machine.descriptors &&
             (connections != SPoolConfig{}.max_connections || own + files + kFewConnections > m_machine.descriptors)) {
    Doubt(
        "pool.max_connections: {} connections{} need {} descriptors, and the hard limit is {} (ulimit -Hn): a worker "
        "will rest from accepting at about {}",
        Grouped(connections), files == 0 ? "" : fmt::format(" and {} open files", Grouped(files)), Grouped(all),
        Grouped(m_machine.descriptors), Grouped(m_machine.descriptors - std::min(m_machine.descriptors, own + files)));
  }
}

void CArithmetic::CheckBacklogs() {
  for (size_t i = 0; i < m_config.listeners.size(); ++i) {
    const uint32_t backlog = m_config.listeners[i].backlog;
    if (m_machine.somaxconn != 0) {
      Row(fmt::format("backlog of listener {}", i), fmt::format("{}, at most {}", backlog, m_machine.somaxconn),
          Grouped(std::min(backlog, m_machine.somaxconn)));
      if (backlog > m_machine.somaxconn) {
        Doubt("listener.{}.backlog: {} is cut to {} by /proc/sys/net/core/somaxconn", i, backlog, m_machine.somaxconn);
      }
    }
  }
}

void CArithmetic::CheckThreads() {
  const uint64_t threads = uint64_t{m_workers} * m_config.business.threads;
  Row("threads", fmt::format("{} × ({} + {})", m_workers, HandlerThreads(), kRoleThreads),
      Grouped(m_workers * (HandlerThreads() + kRoleThreads)));
  if (m_config.business.queue_packets < m_config.business.threads) {
    Doubt("business.queue_packets: with room for {} packets, not all of {} threads can have work",
          m_config.business.queue_packets, m_config.business.threads);
  }
  if (m_machine.cores == 0) return;
  Row("  cores", "", Grouped(m_machine.cores));
  if (m_workers > m_machine.cores) {
    Doubt("server.workers: {} workers share {} cores; more than one for each core rarely helps", m_workers,
          m_machine.cores);
  }
  if (threads > uint64_t{kThreadsPerCore} * m_machine.cores) {
    Doubt("business.threads: {} workers have {} business threads on {} cores", m_workers, Grouped(threads),
          m_machine.cores);
  }
}

void CArithmetic::CheckTimes() {
  const SHeartbeatConfig& heartbeat = m_config.heartbeat;
  const milliseconds silence = heartbeat.interval * heartbeat.max_misses;
  if (heartbeat.enabled) {
    Row("silence that ends a connection", fmt::format("{} × {}", heartbeat.max_misses, Seconds(heartbeat.interval)),
        Seconds(silence));
    if (m_config.limits.packet_timeout >= silence) {
      Doubt("limits.packet_timeout_s: {} never come, the heartbeat ends a connection after {} of silence",
            Seconds(m_config.limits.packet_timeout), Seconds(silence));
    }
    if (m_config.recycle.delay >= silence) {
      Doubt("recycle.delay_ms: a closed connection's slot rests for {}, longer than a silent one may keep it ({})",
            Seconds(m_config.recycle.delay), Seconds(silence));
    }
    if (heartbeat.max_session.count() != 0 && heartbeat.max_session < heartbeat.interval) {
      Doubt("heartbeat.max_session_s: {} is over before the first interval of {}", Seconds(heartbeat.max_session),
            Seconds(heartbeat.interval));
    }
  }
  const milliseconds watchdog = m_config.server.watchdog;
  if (watchdog.count() != 0 && watchdog < milliseconds(1000)) {
    Doubt("server.watchdog_s: within {}, a busy machine may not have run a healthy worker", Seconds(watchdog));
  }
  if (m_config.protocol.goaway && m_config.server.shutdown_timeout.count() == 0) {
    Doubt("server.shutdown_timeout_s: with 0, protocol.goaway asks the clients to leave and gives them no time");
  }
}

void CArithmetic::CheckAddresses() {
  const auto& listeners = m_config.listeners;
  for (size_t i = 0; i < listeners.size(); ++i) {
    for (size_t k = 0; k < i && listeners[i].port != 0; ++k) {
      const CSocketAddress address(listeners[i].address, listeners[i].port);
      if (!address.DoesMeet(CSocketAddress(listeners[k].address, listeners[k].port))) continue;
      Refuse("listener.{}: port {} of {} is taken by listener.{} ({})", i, listeners[i].port, listeners[i].address, k,
             listeners[k].address);
    }
  }
}

uint64_t NumberIn(const char* p_file) {
  uint64_t number = 0;
  std::ifstream(p_file) >> number;
  return number;
}

}  // namespace

SPreflight CPreflight::Check(const SConfig& config, const SMachine& machine) {
  return CArithmetic(config, machine).Run();
}

SMachine CPreflight::ThisMachine() {
  SMachine machine;
  machine.memoryBytes = static_cast<uint64_t>(std::max(0L, sysconf(_SC_PHYS_PAGES))) *
                        static_cast<uint64_t>(std::max(0L, sysconf(_SC_PAGESIZE)));
  // Of the control group that a container shows as its root; "max", and the file's absence, read as 0.
  const uint64_t group = NumberIn("/sys/fs/cgroup/memory.max");
  if (group != 0) machine.memoryBytes = std::min(machine.memoryBytes, group);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max != RLIM_INFINITY) machine.descriptors = limit.rlim_max;
  machine.somaxconn = static_cast<uint32_t>(NumberIn("/proc/sys/net/core/somaxconn"));
  machine.cores = UsableCores();
  return machine;
}

}  // namespace switchboard
