#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "misc/CLog.h"
#include "misc/ProgramName.h"
#include "misc/config/CConfigSchema.h"
#include "misc/config/CConfigValues.h"
#include "misc/config/SConfigValue.h"
#include "net/config/SHubConfig.h"
#include "net/config/SListenerConfig.h"
#include "net/config/SServerConfig.h"

namespace switchboard {

enum class EBusinessMode : uint8_t { kThreads, kProcessPool };
enum class EReplyPath : uint8_t { kDirect, kSendThread };

// Threads of their own for handlers that name them (Pool("name")).
struct SNamedPoolConfig {
  std::string name;
  uint32_t threads = 2;

  static void Describe(CConfigSchema& schema);
  bool operator==(const SNamedPoolConfig&) const = default;
};

struct SPoolConfig {
  uint32_t connections = 1024;
  uint32_t max_connections = 65536;
  std::vector<SNamedPoolConfig> named = {};  // [[pool.named]]

  static void Describe(CConfigSchema& schema);
  bool operator==(const SPoolConfig&) const = default;
};

struct SBusinessConfig {
  uint32_t threads = 4;
  uint32_t queue_packets = 100000;
  uint32_t connection_packets = 1024;  // of those, of one connection
  uint32_t batch = 64;                 // packets of one connection that run in a row before the others get their turn
  EBusinessMode mode = EBusinessMode::kThreads;
  uint32_t queue_clients = 128;   // with kProcessPool: who may wait in the master until a worker is free
  uint32_t blocking_threads = 4;  // for handlers with Run::kBlocking; 0: they run on the others
  uint32_t queue_jobs = 100000;   // that the logic has posted and that haven't run yet

  static void Describe(CConfigSchema& schema);
  bool operator==(const SBusinessConfig&) const = default;
};

struct SReplyConfig {
  EReplyPath path = EReplyPath::kDirect;

  static void Describe(CConfigSchema& schema);
  bool operator==(const SReplyConfig&) const = default;
};

struct SProtocolConfig {
  bool reject_replies = true;
  bool goaway = true;
  static void Describe(CConfigSchema& schema);
  bool operator==(const SProtocolConfig&) const = default;
};

struct SLimitsConfig {
  uint32_t packet_bytes = 30000;
  uint32_t send_queue_bytes = 4194304;
  uint32_t recv_pause_bytes = 1048576;
  uint64_t total_bytes = uint64_t{1} << 30;  // of all connections of a worker; 0: no ceiling
  std::chrono::milliseconds packet_timeout{10000};

  static void Describe(CConfigSchema& schema);
  bool operator==(const SLimitsConfig&) const = default;
};

struct SFloodConfig {
  bool enabled = false;
  uint32_t packets_per_second = 1000;
  uint32_t burst = 2000;

  static void Describe(CConfigSchema& schema);
  bool operator==(const SFloodConfig&) const = default;
};

struct SHeartbeatConfig {
  bool enabled = true;
  std::chrono::milliseconds interval{30000};
  uint32_t max_misses = 3;
  std::chrono::milliseconds max_session{0};  // 0: no limit

  static void Describe(CConfigSchema& schema);
  bool operator==(const SHeartbeatConfig&) const = default;
};

struct SRecycleConfig {
  std::chrono::milliseconds delay{1000};
  static void Describe(CConfigSchema& schema);
  bool operator==(const SRecycleConfig&) const = default;
};

struct SLogConfig {
  std::string file = ProgramName() + ".log";  // "stderr" or empty: standard error
  ELogLevel level = ELogLevel::kInfo;
  std::chrono::milliseconds slow_handler{1000};  // 0: none is named

  bool IsOnStderr() const { return file.empty() || file == "stderr"; }
  static void Describe(CConfigSchema& schema);
  bool operator==(const SLogConfig&) const = default;
};

// The whole configuration: typed, checked, and never changed once loaded.
// Threads: any (read-only).
struct SConfig {
  SServerConfig server;
  std::vector<SListenerConfig> listeners;
  SPoolConfig pool;
  SBusinessConfig business;
  SReplyConfig reply;
  SProtocolConfig protocol;
  SLimitsConfig limits;
  SFloodConfig flood;
  SHeartbeatConfig heartbeat;
  SRecycleConfig recycle;
  SLogConfig log;
  SHubConfig hub;
  CConfigValues sections;  // of the logic, and of the parts that it may own

  bool operator==(const SConfig&) const = default;
};

// Reads a TOML file into an SConfig, with `KEY=VALUE` overrides ("business.threads=2", "listener.0.port=9001").
// Threads: any.
class CConfig {
 public:
  // Declares the sections of the framework, in the order of conf/switchboard.toml.
  static void Describe(CConfigSchema& schema);
  // The sections of the framework, and no others.
  static const CConfigSchema& Framework();
  // Throws CConfigError. An empty `file` means defaults and overrides only; without any [[listener]] in the file there
  // is one, the default. A VALUE is TOML, or, when it isn't, a bare string. "listener.N.KEY", where N is the number of
  // listeners so far, adds a listener. `schema` has the sections of the framework, and may have more, whose values are
  // then in SConfig::sections.
  static SConfig Load(const std::string& file, const std::vector<std::string>& overrides,
                      const CConfigSchema& schema = Framework());
};

}  // namespace switchboard
