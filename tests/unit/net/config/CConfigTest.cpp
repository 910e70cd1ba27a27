#include "net/config/CConfig.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

namespace switchboard {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Overrides = std::vector<std::string>;

class CConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "switchboard-config-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    m_directory = name;
  }
  void TearDown() override { fs::remove_all(m_directory); }

  std::string File() const { return (m_directory / "c.toml").string(); }

  SConfig Load(const std::string& text, const Overrides& overrides = {}) const {
    std::ofstream(File()) << text;
    return CConfig::Load(File(), overrides);
  }

  // The message, with the file's name as "FILE"; empty if there is no error.
  std::string ErrorOf(const std::string& text, const Overrides& overrides = {}) const {
    try {
      Load(text, overrides);
      return "";
    } catch (const CConfigError& error) {
      std::string message = error.what();
      const size_t at = message.find(File());
      if (at != std::string::npos) message.replace(at, File().size(), "FILE");
      return message;
    }
  }

  std::string ErrorOfOverride(const std::string& text) const { return ErrorOf("", {text}); }

  fs::path m_directory;
};

constexpr const char* kListenerKeys =
    "address, port, protocol, accept, backlog, name, silence_s, root, index, listing, follow_symlinks, charset, "
    "headers, "
    "access_log, "
    "head_bytes, body_bytes, idle_timeout_s, min_rate";

SConfig Defaults() {
  SConfig config;
  config.listeners.emplace_back();
  return config;
}

TEST_F(CConfigTest, NothingGivenIsTheDefaults) {
  EXPECT_EQ(CConfig::Load("", {}), Defaults());
  EXPECT_EQ(Load(""), Defaults());
  EXPECT_EQ(Defaults().listeners[0].port, 9000);
}

TEST_F(CConfigTest, EveryKeyIsRead) {
  const SConfig config = Load(R"(
[server]
daemon = false
workers = 3
user = "nobody"
pid_file = "/run/x.pid"
working_directory = "/srv"
shutdown_timeout_s = 1.5
watchdog_s = 0
start_timeout_s = 3
quarantine = false
sandbox = "strict"
[[listener]]
address = "127.0.0.1"
port = 0
protocol = "packet"
accept = "reuseport"
backlog = 7
silence_s = 2.5
[[listener]]
address = "::1"
port = 65535
[[listener]]
port = 80
protocol = "http"
root = "/srv"
index = ["a.html", "b"]
listing = true
follow_symlinks = false
charset = "iso-8859-15"
headers = ["A: b"]
access_log = "access.log"
head_bytes = 256
body_bytes = 0
idle_timeout_s = 0.5
min_rate = 0
[pool]
connections = 1
max_connections = 2
[business]
threads = 128
queue_packets = 5
connection_packets = 4
batch = 6
mode = "threads"
queue_clients = 7
queue_jobs = 8
[reply]
path = "send_thread"
[protocol]
reject_replies = false
goaway = false
[limits]
packet_bytes = 8
send_queue_bytes = 262152
recv_pause_bytes = 8
total_bytes = 9
packet_timeout_s = 0.001
[flood]
enabled = true
packets_per_second = 11
burst = 12
[heartbeat]
enabled = false
interval_s = 13
max_misses = 14
max_session_s = 15.25
[recycle]
delay_ms = 16
[log]
file = "stderr"
level = "alert"
)");
  SConfig expected;
  expected.server = {false,           3,
                     "nobody",        "/run/x.pid",
                     "/srv",          milliseconds(1500),
                     milliseconds(0), milliseconds(3000),
                     false,           ESandbox::kStrict,
                     std::nullopt};
  expected.listeners = {
      {"127.0.0.1", 0, EListenerProtocol::kPacket, EAcceptMode::kReusePort, 7, "", {}, "", milliseconds(2500)},
      {"::1", 65535, EListenerProtocol::kPacket, EAcceptMode::kReusePort, 511, "", {}},
      {"0.0.0.0",
       80,
       EListenerProtocol::kHttp,
       EAcceptMode::kReusePort,
       511,
       "/srv",
       {{"a.html", "b"}, true, false, "iso-8859-15", {"A: b"}, "access.log", 256, 0, milliseconds(500), 0}},
  };
  expected.pool = {1, 2};
  expected.business = {128, 5, 4, 6, EBusinessMode::kThreads, 7};
  expected.business.queue_jobs = 8;
  expected.reply = {EReplyPath::kSendThread};
  expected.protocol = {false, false};
  expected.limits = {8, 262152, 8, 9, milliseconds(1)};
  expected.flood = {true, 11, 12};
  expected.heartbeat = {false, milliseconds(13000), 14, milliseconds(15250)};
  expected.recycle = {milliseconds(16)};
  expected.log = {"stderr", ELogLevel::kAlert};
  EXPECT_EQ(config, expected);
}

TEST_F(CConfigTest, WorkersAutoIsTheUsableCores) {
  const uint32_t workers = Load("server.workers = \"auto\"").server.workers;
  EXPECT_GE(workers, 1U);
  EXPECT_LE(workers, 256U);
}

TEST_F(CConfigTest, WorkersMayFollowTheLoad) {
  const SServerConfig all = Load("server.workers = { min = 2, max = 9, load = 0.5 }").server;
  EXPECT_EQ(all.workers, 2U);
  EXPECT_EQ(all.dynamic_workers, (SDynamicWorkers{2, 9, 0.5}));
  const SServerConfig some = Load("server.workers = { max = 256 }").server;
  EXPECT_EQ(some.dynamic_workers, (SDynamicWorkers{1, 256, 0.7}));
  EXPECT_EQ(CConfig::Load("", {"server.workers={max=3,load=1}"}).server.dynamic_workers, (SDynamicWorkers{1, 3, 1.0}));
  EXPECT_EQ(Load("server.workers = {max = 3}", {"server.workers=2"}).server.dynamic_workers, std::nullopt);

  for (const char* value : {"min = 0", "max = 257", "load = 0", "load = 1.01", "load = nan"}) {
    EXPECT_NE(ErrorOf(std::string("server.workers = { ") + value + " }").find(" is out of range; "), std::string::npos)
        << value;
  }
  const std::string allowed = "; allowed: 1..256 processes, \"auto\", or { min = 1, max = 8, load = 0.7 }";
  EXPECT_EQ(ErrorOf("server.workers = { min = 3, max = 2 }"),
            "FILE:1: server.workers: min: 3 is over max, 2" + allowed);
  EXPECT_EQ(ErrorOf("server.workers = { maximum = 2 }"), "FILE:1: server.workers: maximum: unknown key" + allowed);
  EXPECT_EQ(ErrorOf("server.workers = { max = 2.0 }"),
            "FILE:1: server.workers: max: 2.0 is not a whole number" + allowed);
}

TEST_F(CConfigTest, AFileThatCantBeReadSaysWhy) {
  try {
    CConfig::Load("/nowhere/c.toml", {});
    FAIL();
  } catch (const CConfigError& error) {
    EXPECT_STREQ(error.what(), "/nowhere/c.toml: can't be read: No such file or directory");
  }
  try {
    CConfig::Load(m_directory.string(), {});
    FAIL();
  } catch (const CConfigError& error) {
    EXPECT_EQ(error.what(), m_directory.string() + ": can't be read: Is a directory");
  }
}

TEST_F(CConfigTest, ASyntaxErrorHasItsLine) {
  EXPECT_TRUE(ErrorOf("[server]\n\ndaemon = yes\n").starts_with("FILE:3: ")) << ErrorOf("[server]\n\ndaemon = yes\n");
  EXPECT_TRUE(ErrorOf("[log]\n[server]\n[log]\n").starts_with("FILE:3: "));
  EXPECT_TRUE(ErrorOf("[log]\nlevel = \"info\"\nlevel = \"info\"\n").starts_with("FILE:3: "));
}

TEST_F(CConfigTest, UnknownNamesAreRefused) {
  EXPECT_EQ(ErrorOf("\n[servers]\n"),
            "FILE:2: servers: unknown section; allowed: server, listener, pool, pool.named, business, reply, protocol, "
            "limits, flood, heartbeat, recycle, log, hub");
  EXPECT_EQ(ErrorOf("[pool]\nconnections = 1\nconnection = 1\n"),
            "FILE:3: pool.connection: unknown key; allowed: connections, max_connections");
  EXPECT_EQ(ErrorOf("[[listener]]\nport = 1\n[[listener]]\nport = 2\nhost = \"x\"\n"),
            std::string("FILE:5: listener.1.host: unknown key; allowed: ") + kListenerKeys);
  EXPECT_EQ(ErrorOf("\"a\\nb\" = 1").find('\n'), std::string::npos);
}

TEST_F(CConfigTest, WrongTypesAreRefused) {
  EXPECT_EQ(ErrorOf("[server]\ndaemon = 1\n"), "FILE:2: server.daemon: 1 is not a boolean; allowed: true, false");
  EXPECT_EQ(ErrorOf("\n[business]\nthreads = \"x\"\n"),
            "FILE:3: business.threads: \"x\" is not a whole number; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOf("[business]\nthreads = 2.0\n"),
            "FILE:2: business.threads: 2.0 is not a whole number; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOf("[business]\nthreads = [1]\n"),
            "FILE:2: business.threads: an array is not a whole number; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOf("[business]\nthreads = {}\n"),
            "FILE:2: business.threads: a table is not a whole number; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOf("[log]\nfile = true\n"), "FILE:2: log.file: true is not a string; allowed: a path, or \"stderr\"");
  EXPECT_EQ(ErrorOf("[log]\nlevel = 1\n"),
            "FILE:2: log.level: 1 is not a string; allowed: \"debug\", \"info\", \"warn\", \"error\", \"alert\"");
  EXPECT_EQ(ErrorOf("[server]\nwatchdog_s = \"10\"\n"),
            "FILE:2: server.watchdog_s: \"10\" is not a number; allowed: 0..86400 seconds");
  EXPECT_EQ(ErrorOf("[recycle]\ndelay_ms = 0.5\n"),
            "FILE:2: recycle.delay_ms: 0.5 is not a whole number; allowed: 0..3600000 milliseconds");
  EXPECT_EQ(ErrorOf("[server]\nworkers = \"many\"\n"),
            "FILE:2: server.workers: \"many\" is not a whole number; allowed: 1..256 processes, \"auto\", or "
            "{ min = 1, max = 8, load = 0.7 }");
  EXPECT_EQ(ErrorOf("server = 1\n"), "FILE:1: server: 1 is not a table; allowed: [server]");
  EXPECT_EQ(ErrorOf("[[server]]\n"), "FILE:1: server: an array is not a table; allowed: [server]");
}

TEST_F(CConfigTest, ValuesOutOfRangeAreRefused) {
  EXPECT_EQ(ErrorOf("business.threads = 0"), "FILE:1: business.threads: 0 is out of range; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOf("business.threads = 129"),
            "FILE:1: business.threads: 129 is out of range; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOf("business.threads = -9223372036854775808"),
            "FILE:1: business.threads: -9223372036854775808 is out of range; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOf("server.workers = 257"),
            "FILE:1: server.workers: 257 is out of range; allowed: 1..256 processes, \"auto\", or "
            "{ min = 1, max = 8, load = 0.7 }");
  EXPECT_EQ(ErrorOf("[[listener]]\nport = 65536"),
            "FILE:2: listener.0.port: 65536 is out of range; allowed: 0..65535 (0: any free port)");
  EXPECT_EQ(ErrorOf("limits.packet_bytes = 7"),
            "FILE:1: limits.packet_bytes: 7 is out of range; allowed: 8..65535 bytes");
  EXPECT_EQ(ErrorOf("flood.burst = 0"), "FILE:1: flood.burst: 0 is out of range; allowed: 1..1000000000 packets");
  EXPECT_EQ(ErrorOf("limits.packet_timeout_s = 0"),
            "FILE:1: limits.packet_timeout_s: 0 is out of range; allowed: 0.001..86400 seconds");
  EXPECT_EQ(ErrorOf("heartbeat.max_session_s = 0.0001"),
            "FILE:1: heartbeat.max_session_s: 0.0001 is finer than a millisecond; allowed: 0..31536000 seconds");
  for (const char* value : {"nan", "inf", "-inf", "-1", "1e300", "9223372036854775807"}) {
    EXPECT_NE(ErrorOf(std::string("heartbeat.max_session_s = ") + value).find(" is out of range; "), std::string::npos)
        << value;
  }
  EXPECT_EQ(ErrorOf("[log]\nlevel = \"loud\"\n"),
            "FILE:2: log.level: \"loud\" is unknown; allowed: \"debug\", \"info\", \"warn\", \"error\", \"alert\"");
  EXPECT_EQ(ErrorOf("server.pid_file = \"\""), "FILE:1: server.pid_file: \"\" is not allowed; allowed: a path");
  EXPECT_EQ(ErrorOf("log.file = \"a\\u0000b\""),
            "FILE:1: log.file: \"a\\u0000b\" holds a NUL; allowed: a path, or \"stderr\"");
}

TEST_F(CConfigTest, DecimalSecondsAreExactToTheMillisecond) {
  for (const char* value : {"0.001", "0.1", "0.3", "1.005", "4.35", "86399.999"}) {
    EXPECT_EQ(Load(std::string("server.watchdog_s = ") + value).server.watchdog,
              milliseconds(std::llround(std::stod(value) * 1000)))
        << value;
  }
}

TEST_F(CConfigTest, ListenersAreChecked) {
  EXPECT_EQ(ErrorOf("\n[[listener]]\naddress = \"127.0.0.1\"\n"),
            "FILE:2: listener.0: port is missing; allowed: 0..65535 (0: any free port)");
  EXPECT_EQ(ErrorOf("\n[listener]\nport = 1\n"),
            "FILE:2: listener: a table is not a list of tables; allowed: [[listener]], once for each");
  EXPECT_EQ(ErrorOf("listener = [1]\n"),
            "FILE:1: listener: an array is not a list of tables; allowed: [[listener]], once for each");
  EXPECT_EQ(ErrorOf("[[listener]]\nport = 1\naddress = \"localhost\"\n"),
            "FILE:3: listener.0.address: \"localhost\" is not allowed; allowed: a numeric IPv4 or IPv6 address");
  for (const char* address : {"", "127.1", "1.2.3.256", ":::", "::1%lo", "127.0.0.1:80", " 127.0.0.1"}) {
    EXPECT_NE(ErrorOf(std::string("[[listener]]\nport = 1\naddress = \"") + address + "\"\n"), "") << address;
  }
  for (const char* address : {"0.0.0.0", "127.0.0.1", "::", "::1", "fe80::1", "::ffff:127.0.0.1"}) {
    EXPECT_EQ(ErrorOf(std::string("[[listener]]\nport = 1\naddress = \"") + address + "\"\n"), "") << address;
  }
}

TEST_F(CConfigTest, WhatThisVersionLacksSaysSo) {
  EXPECT_EQ(ErrorOf("[[listener]]\nport = 1\nroot = \"/srv\"\n"),
            "FILE:3: listener.0.root: is for files over HTTP; allowed: only with protocol = \"http\"");
}

TEST_F(CConfigTest, TheSilenceOfPacketListenersIsNoneOfHttps) {
  EXPECT_EQ(ErrorOf("[[listener]]\nport = 1\nprotocol = \"http\"\nsilence_s = 2.5\n"),
            "FILE:4: listener.0.silence_s: is for packets; allowed: with protocol = \"http\" it is idle_timeout_s");
}

TEST_F(CConfigTest, KeysOfHttpNeedHttp) {
  EXPECT_EQ(ErrorOf("[[listener]]\nport = 1\nlisting = true\n"),
            "FILE:1: listener.0: has keys that are for HTTP; allowed: they go only with protocol = \"http\"");
  const std::string http = "[[listener]]\nport = 1\nprotocol = \"http\"\n";
  EXPECT_EQ(ErrorOf(http + "index = \"a\"\n"),
            "FILE:4: listener.0.index: \"a\" is not a list; allowed: a list of file names");
  EXPECT_EQ(ErrorOf(http + "index = [\"a/b\"]\n"),
            "FILE:4: listener.0.index: \"a/b\" is not allowed; allowed: a list of file names");
  for (const char* header : {"", "X", ": v", "X Y: v", "X: a\\nb", "Content-Length: 3", "connection: close"}) {
    EXPECT_NE(ErrorOf(http + "headers = [\"" + header + "\"]\n"), "") << header;
  }
  EXPECT_EQ(ErrorOf(http + "headers = [\"X-Frame-Options: DENY\", \"Cache-Control: no-cache\"]\n"), "");
  for (const char* charset : {"a b", "utf-8; x", "a\\nb", "a/b", "a\\\"b"}) {
    EXPECT_NE(ErrorOf(http + "charset = \"" + charset + "\"\n"), "") << charset;
  }
  EXPECT_EQ(ErrorOf(http + "charset = \"utf-8\"\n"), "");
  EXPECT_EQ(ErrorOf(http + "[limits]\nsend_queue_bytes = 1048576\n"),
            "FILE:5: limits.send_queue_bytes: an http listener needs limits.send_queue_bytes to be 256 KiB over "
            "limits.recv_pause_bytes; allowed: limits.send_queue_bytes of at least 1310720");
}

TEST_F(CConfigTest, EachWayToAcceptIsRead) {
  const auto read = [this](const char* p_name) {
    return Load(std::string("[[listener]]\nport = 1\naccept = \"") + p_name + "\"\n").listeners[0].accept;
  };
  EXPECT_EQ(read("reuseport"), EAcceptMode::kReusePort);
  EXPECT_EQ(read("mutex"), EAcceptMode::kMutex);
  EXPECT_EQ(read("dispatch"), EAcceptMode::kDispatch);
}

TEST_F(CConfigTest, AProcessPoolNeedsAMasterThatDispatchesAndOneThread) {
  const std::string listener = "[[listener]]\nport = 1\naccept = \"dispatch\"\n";
  const SConfig config = Load(listener + "[business]\nmode = \"process_pool\"\n");
  EXPECT_EQ(config.business.mode, EBusinessMode::kProcessPool);
  EXPECT_EQ(config.business.threads, 1U);
  EXPECT_EQ(ErrorOf("[business]\nmode = \"process_pool\"\n"),
            "FILE:2: business.mode: \"process_pool\" doesn't fit to listener.0.accept; allowed: it needs accept = "
            "\"dispatch\" in each [[listener]]");
  EXPECT_EQ(ErrorOf(listener + "[business]\nmode = \"process_pool\"\nthreads = 2\n"),
            "FILE:6: business.threads: 2 is too many; allowed: 1 with business.mode = \"process_pool\"");
}

TEST_F(CConfigTest, KeysThatDontFitTogetherAreRefused) {
  EXPECT_EQ(ErrorOf("[limits]\npacket_bytes = 1000\nrecv_pause_bytes = 999\n"),
            "FILE:3: limits.recv_pause_bytes: 999 is under limits.packet_bytes; allowed: at least 1000");
  EXPECT_EQ(ErrorOf("[limits]\nsend_queue_bytes = 29999\n"),
            "FILE:2: limits.send_queue_bytes: 29999 is under limits.packet_bytes; allowed: at least 30000");
  EXPECT_EQ(ErrorOf("[pool]\nconnections = 65537\n"),
            "FILE:2: pool.connections: 65537 is over pool.max_connections; allowed: at most 65536");
  EXPECT_EQ(ErrorOf("[pool]\nconnections = 10\n", {"pool.max_connections=9"}),
            "--set pool.max_connections=9: 9 is under pool.connections; allowed: at least 10");
  EXPECT_EQ(ErrorOf("[pool]\nconnections = 70000\n", {"pool.max_connections=70000"}), "");
}

TEST_F(CConfigTest, OverridesWinAndTheLastOneMost) {
  const SConfig config = Load(
      "[business]\nthreads = 3\nbatch = 9\n",
      {"business.threads=5", "business.threads=6", "server.daemon=false", "server.watchdog_s=0.5", "log.level=debug"});
  EXPECT_EQ(config.business.threads, 6U);
  EXPECT_EQ(config.business.batch, 9U);
  EXPECT_FALSE(config.server.daemon);
  EXPECT_EQ(config.server.watchdog, milliseconds(500));
  EXPECT_EQ(config.log.level, ELogLevel::kDebug);
}

TEST_F(CConfigTest, AnOverrideTakesABareWordAsAString) {
  EXPECT_EQ(CConfig::Load("", {"log.file=/tmp/a=b c#d.log"}).log.file, "/tmp/a=b c#d.log");
  EXPECT_EQ(CConfig::Load("", {"log.file=\"quoted\""}).log.file, "quoted");
  EXPECT_EQ(CConfig::Load("", {"log.file="}).log.file, "");
  EXPECT_EQ(CConfig::Load("", {"listener.0.address=127.0.0.1"}).listeners[0].address, "127.0.0.1");
  EXPECT_EQ(CConfig::Load("", {"listener.0.address=::1"}).listeners[0].address, "::1");
  EXPECT_GE(CConfig::Load("", {"server.workers=auto"}).server.workers, 1U);
}

TEST_F(CConfigTest, AnOverrideSmugglesNothingIn) {
  EXPECT_EQ(CConfig::Load("", {"log.file=1\nvalue2 = 2"}).log.file, "1\nvalue2 = 2");
  EXPECT_EQ(ErrorOfOverride("business.threads=1\n[log]").find('\n'), std::string::npos);
  EXPECT_NE(ErrorOfOverride("business.threads=1\n[log]"), "");
}

TEST_F(CConfigTest, OverridesReachListenersByNumber) {
  const std::string two = "[[listener]]\nport = 1\n[[listener]]\nport = 2\n";
  const SConfig config = Load(two, {"listener.1.port=20", "listener.2.port=30", "listener.2.address=::1"});
  ASSERT_EQ(config.listeners.size(), 3U);
  EXPECT_EQ(config.listeners[0].port, 1);
  EXPECT_EQ(config.listeners[1].port, 20);
  EXPECT_EQ(config.listeners[2].port, 30);
  EXPECT_EQ(config.listeners[2].address, "::1");

  const SConfig alone = CConfig::Load("", {"listener.0.port=9001"});
  ASSERT_EQ(alone.listeners.size(), 1U);
  EXPECT_EQ(alone.listeners[0].port, 9001);
  EXPECT_EQ(CConfig::Load("", {"listener.1.port=9001"}).listeners.size(), 2U);
}

TEST_F(CConfigTest, ErrorsOfOverridesNameTheOverride) {
  EXPECT_EQ(ErrorOfOverride("business.threads=x"),
            "--set business.threads=x: \"x\" is not a whole number; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOfOverride("business.threads=0"),
            "--set business.threads=0: 0 is out of range; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOfOverride("business.threads=[1, 2]"),
            "--set business.threads=[1, 2]: an array is not a whole number; allowed: 1..128 threads");
  EXPECT_EQ(ErrorOfOverride("business.thread=1"),
            "--set business.thread=1: unknown key; allowed: threads, blocking_threads, queue_packets, "
            "connection_packets, batch, mode, queue_clients, queue_jobs");
  EXPECT_TRUE(ErrorOfOverride("busines.threads=1")
                  .starts_with("--set busines.threads=1: unknown key; allowed: server, listener, "));
  EXPECT_EQ(ErrorOfOverride("business.threads"),
            "--set business.threads: there is no value; allowed: KEY=VALUE, such as business.threads=2");
  EXPECT_NE(ErrorOfOverride("=1"), "");
  EXPECT_NE(ErrorOfOverride(""), "");
  EXPECT_TRUE(ErrorOfOverride("log.file=\"open").starts_with("--set log.file=\"open: "));
}

TEST_F(CConfigTest, ErrorsOfListenerOverridesNameTheOverride) {
  EXPECT_EQ(ErrorOfOverride("listener.2.port=1"),
            "--set listener.2.port=1: there is no such listener; allowed: listener.N with N in 0..1, 1 adds one");
  for (const char* text : {"listener.-1.port=1", "listener.x.port=1", "listener.port=1", "listener..port=1",
                           "listener.99999999999999999999.port=1"}) {
    EXPECT_NE(ErrorOfOverride(text).find("there is no such listener"), std::string::npos) << text;
  }
  EXPECT_EQ(ErrorOfOverride("listener.0=1"), std::string("--set listener.0=1: unknown key; allowed: ") + kListenerKeys);
  EXPECT_EQ(ErrorOfOverride("listener=1").find("--set listener=1: unknown key; "), 0U);
  EXPECT_EQ(ErrorOfOverride("listener.1.address=::1"),
            "--set listener.1.address=::1: port is missing; allowed: 0..65535 (0: any free port)");
}

}  // namespace
}  // namespace switchboard
