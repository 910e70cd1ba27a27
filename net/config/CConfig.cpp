#include "net/config/CConfig.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "misc/config/CConfigReader.h"

namespace switchboard {

namespace {

constexpr double kDay = 86400;
constexpr double kYear = 365 * kDay;
constexpr uint32_t kMebi = 1024 * 1024;

// With 16 threads each, those of the other pools and these have blocks of counters (SWorkerPage::kMaxBusinessThreads).
constexpr size_t kMaxNamedPools = 4;

// Threads are named after it, in 15 characters.
bool IsPoolName(const std::string& name) {
  const bool isGood = !name.empty() && name.size() <= 9 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  return isGood && name != "work" && name != "block" && name != "blocking";
}

// Checks the keys of a configuration against each other, and remembers where each was set, to say so when two of them
// don't fit. Threads: one owner.
class CConfigLoader {
 public:
  explicit CConfigLoader(const CConfigSchema& schema) : m_reader(schema) {}

  SConfig Load(const std::string& file, const std::vector<std::string>& overrides) {
    m_reader.ReadFile(file);
    m_reader.AddDefaultTable("listener");
    for (const std::string& text : overrides) m_reader.Override(text);
    TakeSections(m_reader.Finish());
    CheckListeners();
    CheckTogether();
    CheckProcessPool();
    CheckPools();
    return std::move(m_config);
  }

 private:
  void TakeSections(CConfigValues values) {
    const auto take = [&values]<class T>(T& section) { section = values.Take<T>(); };
    m_config.listeners = values.TakeList<SListenerConfig>();
    take(m_config.server);
    take(m_config.pool);
    m_config.pool.named = values.TakeList<SNamedPoolConfig>();
    take(m_config.business);
    take(m_config.reply);
    take(m_config.protocol);
    take(m_config.limits);
    take(m_config.flood);
    take(m_config.heartbeat);
    take(m_config.recycle);
    take(m_config.log);
    take(m_config.hub);
    m_config.sections = std::move(values);
  }

  void CheckListeners() const {
    for (size_t i = 0; i < m_config.listeners.size(); ++i) {
      const std::string path = fmt::format("listener.{}", i);
      const SListenerConfig& listener = m_config.listeners[i];
      if (!listener.root.empty() && listener.protocol != EListenerProtocol::kHttp) {
        CConfigReader::Fail(*m_reader.Where(path + ".root"), "is for files over HTTP", "only with protocol = \"http\"");
      }
      if (listener.silence.count() != 0 && listener.protocol == EListenerProtocol::kHttp) {
        CConfigReader::Fail(*m_reader.Where(path + ".silence_s"), "is for packets",
                            "with protocol = \"http\" it is idle_timeout_s");
      }
      if (listener.http != SHttpConfig{} && listener.protocol != EListenerProtocol::kHttp) {
        CConfigReader::Fail(*m_reader.Where(path), "has keys that are for HTTP",
                            "they go only with protocol = \"http\"");
      }
    }
  }

  void CheckPools() const {
    const std::vector<SNamedPoolConfig>& named = m_config.pool.named;
    for (size_t i = 0; i < named.size(); ++i) {
      const std::string where = *m_reader.Where(fmt::format("pool.named.{}", i));
      if (i >= kMaxNamedPools) CConfigReader::Fail(where, "is one pool too many", fmt::format("{}", kMaxNamedPools));
      const bool isTaken = std::any_of(named.begin(), named.begin() + static_cast<ptrdiff_t>(i),
                                       [&](const SNamedPoolConfig& other) { return other.name == named[i].name; });
      if (isTaken) CConfigReader::Fail(where, "has the name of another pool", "a name of its own");
    }
  }

  // The answers of one read come on top of what made reading rest.
  static constexpr uint32_t kHttpMarginBytes = 262144;

  void CheckTogether() const {
    const uint32_t packetBytes = m_config.limits.packet_bytes;
    CheckAtLeast("limits.recv_pause_bytes", m_config.limits.recv_pause_bytes, "limits.packet_bytes", packetBytes);
    CheckAtLeast("limits.send_queue_bytes", m_config.limits.send_queue_bytes, "limits.packet_bytes", packetBytes);
    const bool hasHttp = std::any_of(m_config.listeners.begin(), m_config.listeners.end(), [](const auto& listener) {
      return listener.protocol == EListenerProtocol::kHttp;
    });
    const uint64_t httpBytes = uint64_t{m_config.limits.recv_pause_bytes} + kHttpMarginBytes;
    if (hasHttp && m_config.limits.send_queue_bytes < httpBytes) {
      const std::string* const p_where = m_reader.Where("limits.send_queue_bytes");
      CConfigReader::Fail(p_where != nullptr ? *p_where : *m_reader.Where("limits.recv_pause_bytes"),
                          "an http listener needs limits.send_queue_bytes to be 256 KiB over limits.recv_pause_bytes",
                          fmt::format("limits.send_queue_bytes of at least {}", httpBytes));
    }
    CheckAtLeast("pool.max_connections", m_config.pool.max_connections, "pool.connections", m_config.pool.connections);
  }

  // Handlers that must be alone in their process: the master hands out the clients, and there is one thread for them.
  void CheckProcessPool() {
    if (m_config.business.mode != EBusinessMode::kProcessPool) return;
    if (m_reader.Where("business.threads") == nullptr) m_config.business.threads = 1;
    if (m_config.business.threads != 1) {
      CConfigReader::Fail(*m_reader.Where("business.threads"), fmt::format("{} is too many", m_config.business.threads),
                          "1 with business.mode = \"process_pool\"");
    }
    for (size_t i = 0; i < m_config.listeners.size(); ++i) {
      if (m_config.listeners[i].accept == EAcceptMode::kDispatch) continue;
      CConfigReader::Fail(*m_reader.Where("business.mode"),
                          fmt::format("\"process_pool\" doesn't fit to listener.{}.accept", i),
                          "it needs accept = \"dispatch\" in each [[listener]]");
    }
  }

  // Blames the larger key's line, or, when that key has its default, the smaller's.
  void CheckAtLeast(const std::string& larger, uint32_t largerValue, const std::string& smaller,
                    uint32_t smallerValue) const {
    if (largerValue >= smallerValue) return;
    if (const std::string* const p_where = m_reader.Where(larger); p_where != nullptr) {
      CConfigReader::Fail(*p_where, fmt::format("{} is under {}", largerValue, smaller),
                          fmt::format("at least {}", smallerValue));
    }
    CConfigReader::Fail(*m_reader.Where(smaller), fmt::format("{} is over {}", smallerValue, larger),
                        fmt::format("at most {}", largerValue));
  }

  CConfigReader m_reader;
  SConfig m_config;
};

}  // namespace

void SPoolConfig::Describe(CConfigSchema& schema) {
  schema.Section<SPoolConfig>("pool", "connection slots of each worker")
      .Number("connections", &SPoolConfig::connections, {1, kMebi, "connections"}, "slots made at the start")
      .Number("max_connections", &SPoolConfig::max_connections, {1, kMebi, "connections"},
              "slots at most; when all are taken, new peers wait in the backlog");
}

void SNamedPoolConfig::Describe(CConfigSchema& schema) {
  schema.List<SNamedPoolConfig>("pool.named", "threads of their own for the handlers that name them")
      .Text("name", &SNamedPoolConfig::name, "1..9 of a-z, 0-9 and _, but not \"work\", \"block\" or \"blocking\"",
            "what handlers call it: Pool(\"db\")", &IsPoolName)
      .Required()
      .Number("threads", &SNamedPoolConfig::threads, {1, 16, "threads"}, "of the pool");
}

void SBusinessConfig::Describe(CConfigSchema& schema) {
  using B = SBusinessConfig;
  schema.Section<B>("business", "the thread pool of each worker that runs the handlers")
      .Number("threads", &B::threads, {1, 128, "threads"}, "of the pool; with mode \"process_pool\" 1")
      .Number("blocking_threads", &B::blocking_threads, {0, 64, "threads (0: those of business.threads)"},
              "of less weight, for handlers that wait or compute for long")
      .Number("queue_packets", &B::queue_packets, {1, 1000000000, "packets"},
              "that may wait for a thread; beyond it: Reject{overload}")
      .Number("connection_packets", &B::connection_packets, {1, 1000000000, "packets"},
              "of one connection that may wait; at it: don't read")
      .Number("batch", &B::batch, {1, 65536, "packets"}, "of one connection in a row before the others get their turn")
      .OneOf("mode", &B::mode, {{"threads", EBusinessMode::kThreads}, {"process_pool", EBusinessMode::kProcessPool}},
             "threads; or one client a worker at a time, with accept = \"dispatch\" only")
      .Number("queue_clients", &B::queue_clients, {0, 65535, "clients"},
              "that wait for a free worker of the process pool; beyond it: refused")
      .Number("queue_jobs", &B::queue_jobs, {1, 1000000000, "jobs"},
              "that the logic has posted and that haven't run yet; beyond it: Post is refused");
}

void SReplyConfig::Describe(CConfigSchema& schema) {
  schema.Section<SReplyConfig>("reply", "how answers leave")
      .OneOf("path", &SReplyConfig::path, {{"direct", EReplyPath::kDirect}, {"send_thread", EReplyPath::kSendThread}},
             "who writes replies: who made them, if the way is free; or sb-send");
}

void SProtocolConfig::Describe(CConfigSchema& schema) {
  schema.Section<SProtocolConfig>("protocol", "what old clients may not know")
      .Flag("reject_replies", &SProtocolConfig::reject_replies, "answer a refused packet with Reject")
      .Flag("goaway", &SProtocolConfig::goaway, "tell clients with GoAway that a worker drains");
}

void SLimitsConfig::Describe(CConfigSchema& schema) {
  using L = SLimitsConfig;
  constexpr int64_t kGibi = int64_t{1024} * kMebi;
  schema.Section<L>("limits", "of each connection")
      .Number("packet_bytes", &L::packet_bytes, {8, 65535, "bytes"}, "of the largest packet, header and body")
      .Number("send_queue_bytes", &L::send_queue_bytes, {8, kGibi, "bytes"},
              "that may wait to be sent; beyond it: close")
      .Number("recv_pause_bytes", &L::recv_pause_bytes, {8, kGibi, "bytes"},
              "that may wait for a handler; above it: don't read")
      .Number("total_bytes", &L::total_bytes, {0, 1024 * kGibi, "bytes (0: no limit)"},
              "held for all connections of a worker; above it: close the greediest")
      .Seconds("packet_timeout_s", &L::packet_timeout, 0.001, kDay,
               "that a packet may take from its first byte to its last");
}

void SFloodConfig::Describe(CConfigSchema& schema) {
  schema.Section<SFloodConfig>("flood", "closes a connection that sends more packets than this")
      .Flag("enabled", &SFloodConfig::enabled, "whether any connection is closed for it")
      .Number("packets_per_second", &SFloodConfig::packets_per_second, {1, 1000000000, "packets/s"}, "in the long run")
      .Number("burst", &SFloodConfig::burst, {1, 1000000000, "packets"}, "at once after a silence");
}

void SHeartbeatConfig::Describe(CConfigSchema& schema) {
  using H = SHeartbeatConfig;
  schema.Section<H>("heartbeat", "closes a connection that is silent for interval_s x max_misses")
      .Flag("enabled", &H::enabled, "whether silence ends a connection")
      .Seconds("interval_s", &H::interval, 0.001, kDay, "in which a peer should send something, at least a Ping")
      .Number("max_misses", &H::max_misses, {1, 1000, "intervals"}, "of silence in a row that end a connection")
      .Seconds("max_session_s", &H::max_session, 0, kYear, "that a connection may live, however busy; 0: no limit");
}

void SRecycleConfig::Describe(CConfigSchema& schema) {
  schema.Section<SRecycleConfig>("recycle", "closed connections")
      .Milliseconds("delay_ms", &SRecycleConfig::delay, 0, 3600000,
                    "that a closed connection's slot rests before its next use");
}

void SLogConfig::Describe(CConfigSchema& schema) {
  schema.Section<SLogConfig>("log", "what the server writes down")
      .Text("file", &SLogConfig::file, "a path, or \"stderr\"", "relative to working_directory")
      .OneOf("level", &SLogConfig::level,
             {{"debug", ELogLevel::kDebug},
              {"info", ELogLevel::kInfo},
              {"warn", ELogLevel::kWarn},
              {"error", ELogLevel::kError},
              {"alert", ELogLevel::kAlert}},
             "this and everything graver")
      .Milliseconds("slow_handler_ms", &SLogConfig::slow_handler, 0, 3600000,
                    "that a handler may run until it is named as slow; 0: any time");
}

void CConfig::Describe(CConfigSchema& schema) {
  SServerConfig::Describe(schema);
  SListenerConfig::Describe(schema);
  SPoolConfig::Describe(schema);
  SNamedPoolConfig::Describe(schema);
  SBusinessConfig::Describe(schema);
  SReplyConfig::Describe(schema);
  SProtocolConfig::Describe(schema);
  SLimitsConfig::Describe(schema);
  SFloodConfig::Describe(schema);
  SHeartbeatConfig::Describe(schema);
  SRecycleConfig::Describe(schema);
  SLogConfig::Describe(schema);
  SHubConfig::Describe(schema);
}

const CConfigSchema& CConfig::Framework() {
  static const CConfigSchema schema = [] {
    CConfigSchema framework;
    Describe(framework);
    return framework;
  }();
  return schema;
}

SConfig CConfig::Load(const std::string& file, const std::vector<std::string>& overrides, const CConfigSchema& schema) {
  return CConfigLoader(schema).Load(file, overrides);
}

}  // namespace switchboard
