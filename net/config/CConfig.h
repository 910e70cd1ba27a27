#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "misc/CLog.h"
#include "misc/ProgramName.h"

namespace switchboard {

// A configuration that can't be used; what() is one line: "file:line: key: what is wrong; allowed: …".
// The error of an override has the override in the place of file:line and key: "--set business.threads=0: …".
class CConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class EListenerProtocol : uint8_t { kPacket, kHttp };
enum class EAcceptMode : uint8_t { kReusePort, kMutex, kDispatch };
enum class EBusinessMode : uint8_t { kThreads, kProcessPool };
enum class EReplyPath : uint8_t { kDirect, kSendThread };

// Workers that come and go with the load: server.workers as a table.
struct SDynamicWorkers {
  uint32_t min = 1;
  uint32_t max = 1;
  double load = 0.7;  // of a core that sb-io of a worker may use, on average, before there is one worker more

  bool operator==(const SDynamicWorkers&) const = default;
};

struct SServerConfig {
  bool daemon = true;
  uint32_t workers = 1;  // at the start; "auto" is resolved to the number of usable cores
  std::string user;      // empty: stay who started the server
  std::string pid_file = ProgramName() + ".pid";
  std::string working_directory = ".";
  std::chrono::milliseconds shutdown_timeout{10000};
  std::chrono::milliseconds watchdog{30000};
  std::chrono::milliseconds start_timeout{60000};
  bool quarantine = true;
  std::optional<SDynamicWorkers> dynamic_workers = std::nullopt;  // none: always `workers`

  bool operator==(const SServerConfig&) const = default;
};

// Of a listener with protocol "http".
struct SHttpConfig {
  std::vector<std::string> index{"index.html"};
  bool listing = false;
  bool follow_symlinks = true;            // as long as they stay beneath the root
  std::string charset = {};               // told with files of text; empty: none
  std::vector<std::string> headers = {};  // "Name: value", each
  std::string access_log = {};            // empty: none
  uint32_t head_bytes = 16384;            // of a request: its line and its headers
  uint32_t body_bytes = 1048576;          // of a request
  std::chrono::milliseconds idle_timeout{75000};
  uint32_t min_rate = 1000;  // bytes per second that a peer must take of what waits for it; 0: any

  bool operator==(const SHttpConfig&) const = default;
};

struct SListenerConfig {
  std::string address = "0.0.0.0";
  uint16_t port = 9000;
  EListenerProtocol protocol = EListenerProtocol::kPacket;
  EAcceptMode accept = EAcceptMode::kReusePort;
  uint32_t backlog = 511;
  std::string root;  // of the files that an http listener serves; empty: it serves routes only
  SHttpConfig http = {};
  std::string name = {};  // that codes and routes can be bound to; none by default

  bool operator==(const SListenerConfig&) const = default;
};

// Threads of their own for handlers that name them (Pool("name")).
struct SNamedPoolConfig {
  std::string name;
  uint32_t threads = 2;

  bool operator==(const SNamedPoolConfig&) const = default;
};

struct SPoolConfig {
  uint32_t connections = 1024;
  uint32_t max_connections = 65536;
  std::vector<SNamedPoolConfig> named = {};  // [[pool.named]]

  bool operator==(const SPoolConfig&) const = default;
};

struct SBusinessConfig {
  uint32_t threads = 4;
  uint32_t queue_packets = 100000;
  uint32_t batch = 64;  // packets of one connection that run in a row before the others get their turn
  EBusinessMode mode = EBusinessMode::kThreads;
  uint32_t queue_clients = 128;   // with kProcessPool: who may wait in the master until a worker is free
  uint32_t blocking_threads = 4;  // for handlers with Run::kBlocking; 0: they run on the others

  bool operator==(const SBusinessConfig&) const = default;
};

struct SReplyConfig {
  EReplyPath path = EReplyPath::kDirect;

  bool operator==(const SReplyConfig&) const = default;
};

struct SProtocolConfig {
  bool reject_replies = true;
  bool goaway = true;

  bool operator==(const SProtocolConfig&) const = default;
};

struct SLimitsConfig {
  uint32_t packet_bytes = 30000;
  uint32_t send_queue_bytes = 4194304;
  uint32_t recv_pause_bytes = 1048576;
  std::chrono::milliseconds packet_timeout{10000};

  bool operator==(const SLimitsConfig&) const = default;
};

struct SFloodConfig {
  bool enabled = false;
  uint32_t packets_per_second = 1000;
  uint32_t burst = 2000;

  bool operator==(const SFloodConfig&) const = default;
};

struct SHeartbeatConfig {
  bool enabled = true;
  std::chrono::milliseconds interval{30000};
  uint32_t max_misses = 3;
  std::chrono::milliseconds max_session{0};  // 0: no limit

  bool operator==(const SHeartbeatConfig&) const = default;
};

struct SRecycleConfig {
  std::chrono::milliseconds delay{1000};

  bool operator==(const SRecycleConfig&) const = default;
};

// Files over the packet protocol (logic/CFileTransfer).
struct STransferConfig {
  std::string root;  // empty: no transfers
  bool writable = false;
  uint64_t max_file_bytes = 1ULL << 30;    // of an upload
  uint64_t max_total_bytes = 10ULL << 30;  // of all files beneath the root; 0: no limit
  uint32_t max_open = 16;                  // transfers of a session
  uint32_t max_open_worker = 1024;
  std::chrono::milliseconds keep{86400000};  // unfinished uploads

  bool operator==(const STransferConfig&) const = default;
};

struct SLogConfig {
  std::string file = ProgramName() + ".log";  // "stderr" or empty: standard error
  ELogLevel level = ELogLevel::kInfo;

  bool IsOnStderr() const { return file.empty() || file == "stderr"; }
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
  STransferConfig transfer;
  SLogConfig log;

  bool operator==(const SConfig&) const = default;
};

// Reads a TOML file into an SConfig, with `KEY=VALUE` overrides ("business.threads=2", "listener.0.port=9001").
// Threads: any.
class CConfig {
 public:
  // Throws CConfigError. An empty `file` means defaults and overrides only; without any [[listener]] in the file there
  // is one, the default. A VALUE is TOML, or, when it isn't, a bare string. "listener.N.KEY", where N is the number of
  // listeners so far, adds a listener.
  static SConfig Load(const std::string& file, const std::vector<std::string>& overrides);
  // Every key there is, as "section.key", in the order of conf/switchboard.toml.
  static std::vector<std::string_view> Keys();
};

}  // namespace switchboard
