#include "proc/start/CPreflight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "proc/start/ServerSchema.h"

namespace switchboard {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kGibi = 1024 * 1024 * 1024;

class CPreflightTest : public testing::Test {
 protected:
  CPreflightTest() { m_config.listeners.emplace_back(); }

  SPreflight Check() const { return CPreflight::Check(m_config, m_machine); }
  void ExpectFine() const {
    EXPECT_THAT(Check().impossible, IsEmpty());
    EXPECT_THAT(Check().doubtful, IsEmpty());
  }
  void ExpectDoubt(const std::string& text) const {
    EXPECT_THAT(Check().impossible, IsEmpty());
    EXPECT_THAT(Check().doubtful, ElementsAre(HasSubstr(text)));
  }
  void ExpectRefusal(const std::string& text) const { EXPECT_THAT(Check().impossible, ElementsAre(HasSubstr(text))); }
  std::string ResultOf(const std::string& what) const {
    for (const SPreflight::SRow& row : Check().table) {
      if (row.what.find(what) != std::string::npos) return row.result;
    }
    return "no such row";
  }

  std::string ThreadsOfAllWorkers() const {
    const std::vector<SPreflight::SRow> table = Check().table;
    const auto row = std::ranges::find(table, "threads", &SPreflight::SRow::what);
    return row == table.end() ? "no such row" : row->result;
  }

  SConfig m_config;
  SMachine m_machine{64 * kGibi, 1048576, 4096, 8};
};

TEST_F(CPreflightTest, TheDefaultsAreFineOnAServer) { ExpectFine(); }

TEST_F(CPreflightTest, WhatIsUnknownIsNotChecked) {
  m_machine = {};
  m_config.server.workers = 256;
  m_config.pool.max_connections = 1048576;
  m_config.listeners[0].backlog = 65535;
  ExpectFine();
}

TEST_F(CPreflightTest, TheSumsAreRight) {
  m_config.pool.max_connections = 1000;
  m_config.limits.packet_bytes = 1024;
  m_config.limits.send_queue_bytes = 1024 * 1024;
  m_config.limits.recv_pause_bytes = 896 * 1024;
  EXPECT_EQ(ResultOf("started packets"), "2.0 MiB");
  EXPECT_EQ(ResultOf("replies that wait"), "1000.0 MiB");
  // 100,000 packets of 1 KiB are fewer bytes than 1,000 connections with 1 MiB each.
  EXPECT_EQ(ResultOf("packets that wait for a handler"), "97.7 MiB");
  m_config.business.queue_packets = 10000000;
  EXPECT_EQ(ResultOf("packets that wait for a handler"), "1000.0 MiB");
  EXPECT_EQ(ResultOf("descriptors of a worker"), "1,033");
  EXPECT_EQ(ResultOf("backlog of listener 0"), "511");
  EXPECT_EQ(ResultOf("memory of a worker: its threads"), "2.6 MiB");
}

TEST_F(CPreflightTest, MemoryThatIdleClientsExceedIsRefused) {
  m_config.pool.max_connections = 1048576;
  m_config.limits.send_queue_bytes = 30000;
  m_config.limits.recv_pause_bytes = 30000;
  m_machine.memoryBytes = kGibi / 2;
  ExpectRefusal("pool.max_connections: 1 workers with 1,048,576 idle connections each need ");
}

TEST_F(CPreflightTest, MemoryThatFewBadClientsExceedIsDoubtful) {
  m_machine.memoryBytes = 2 * kGibi;
  ExpectDoubt("pool.max_connections: one client in a hundred that fills");
  m_config.pool.max_connections = 10000;
  ExpectFine();
  m_config.server.workers = 8;
  ExpectDoubt("pool.max_connections: one client in a hundred that fills");
}

TEST_F(CPreflightTest, DescriptorsAreCounted) {
  m_config.pool.max_connections = 65535;
  m_machine.descriptors = 65536;
  ExpectDoubt("pool.max_connections: 65,535 connections need 65,568 descriptors, and the hard limit is 65,536");
  m_machine.descriptors = 65568;
  ExpectFine();
  m_machine.descriptors = 33;
  ExpectRefusal("server.workers: 1 workers with 1 listeners each need 33 descriptors");
}

TEST_F(CPreflightTest, AllThreadsOfAWorkerCount) {
  m_config.business = {};
  m_config.business.threads = 2;
  m_config.business.blocking_threads = 3;
  m_config.pool.named = {{"db", 5}, {"mail", 7}};
  EXPECT_EQ(ThreadsOfAllWorkers(), "23");
  m_config.business.mode = EBusinessMode::kProcessPool;
  m_config.business.threads = 1;
  EXPECT_EQ(ThreadsOfAllWorkers(), "7");
}

TEST_F(CPreflightTest, OneAddressWrittenInTwoWaysIsOneAddress) {
  m_config.listeners[0].address = "::1";
  m_config.listeners.emplace_back(m_config.listeners[0]).address = "0:0:0:0:0:0:0:1";
  ExpectRefusal("listener.1: port 9000 of 0:0:0:0:0:0:0:1 is taken by listener.0 (::1)");
}

TEST_F(CPreflightTest, OpenFilesAreDescriptorsToo) {
  m_config.pool.max_connections = 1000;
  m_config.listeners.emplace_back().port = 8080;
  m_config.listeners[1].protocol = EListenerProtocol::kHttp;
  EXPECT_EQ(ResultOf("descriptors of a worker"), "1,034") << "routes alone open no files";
  m_config.listeners[1].root = "www";
  EXPECT_EQ(ResultOf("descriptors of a worker"), "1,546");
  m_config.sections =
      CConfig::Load("", {"transfer.root=files", "transfer.max_open_worker=100"}, ServerSchema({})).sections;
  EXPECT_EQ(ResultOf("descriptors of a worker"), "1,646");
  m_machine.descriptors = 1646;
  ExpectFine();
  m_machine.descriptors = 1645;
  ExpectDoubt("1,000 connections and 612 open files need 1,646 descriptors, and the hard limit is 1,645");
  ExpectDoubt("will rest from accepting at about 999");
  m_machine.descriptors = 600;
  ExpectDoubt("will rest from accepting at about 0");
}

TEST_F(CPreflightTest, TheDefaultNumberOfConnectionsIsWhatThereIsRoomFor) {
  m_machine.descriptors = 20'000;
  ExpectFine();
  m_machine.descriptors = 1'000;
  ExpectDoubt("65,536 connections need");
  m_machine.descriptors = 20'000;
  m_config.pool.max_connections = 65'535;
  ExpectDoubt("65,535 connections need");
}

TEST_F(CPreflightTest, TheBacklogIsComparedWithTheSystems) {
  m_machine.somaxconn = 128;
  ExpectDoubt("listener.0.backlog: 511 is cut to 128");
  m_config.listeners[0].backlog = 128;
  ExpectFine();
}

TEST_F(CPreflightTest, ThreadsAreComparedWithCores) {
  m_config.server.workers = 9;
  m_config.pool.max_connections = 1000;
  ExpectDoubt("server.workers: 9 workers share 8 cores");
  m_config.server.workers = 8;
  m_config.business.threads = 65;
  ExpectDoubt("business.threads: 8 workers have 520 business threads on 8 cores");
  m_config.business.threads = 64;
  ExpectFine();
  m_config.business.queue_packets = 63;
  ExpectDoubt("business.queue_packets: with room for 63 packets, not all of 64 threads");
}

TEST_F(CPreflightTest, WorkersThatComeAndGoCountAsManyAsTheyMayBe) {
  m_config.pool.max_connections = 1000;
  m_config.server.dynamic_workers.emplace();
  m_config.server.dynamic_workers->max = 9;
  ExpectDoubt("server.workers: 9 workers share 8 cores");
}

TEST_F(CPreflightTest, TimesMustFitTogether) {
  m_config.heartbeat.interval = milliseconds(3000);
  m_config.heartbeat.max_misses = 3;
  ExpectDoubt("limits.packet_timeout_s: 10 s never come, the heartbeat ends a connection after 9 s");
  m_config.limits.packet_timeout = milliseconds(8999);
  ExpectFine();
  m_config.recycle.delay = milliseconds(9000);
  ExpectDoubt("recycle.delay_ms: a closed connection's slot rests for 9 s");
  m_config.recycle.delay = milliseconds(1000);
  m_config.heartbeat.max_session = milliseconds(2999);
  ExpectDoubt("heartbeat.max_session_s: 2.999 s is over before the first interval of 3 s");
  m_config.heartbeat.enabled = false;
  ExpectFine();
  m_config.server.watchdog = milliseconds(999);
  ExpectDoubt("server.watchdog_s: within 0.999 s");
  m_config.server.watchdog = milliseconds(0);
  ExpectFine();
  m_config.server.shutdown_timeout = milliseconds(0);
  ExpectDoubt("server.shutdown_timeout_s: with 0, protocol.goaway");
  m_config.protocol.goaway = false;
  ExpectFine();
}

TEST_F(CPreflightTest, TwoListenersOnOnePortAreRefused) {
  m_config.listeners.resize(2);
  ExpectRefusal("listener.1: port 9000 of 0.0.0.0 is taken by listener.0 (0.0.0.0)");
  m_config.listeners[1].address = "127.0.0.1";
  ExpectRefusal("listener.1: port 9000 of 127.0.0.1 is taken by listener.0 (0.0.0.0)");
  m_config.listeners[0].address = "127.0.0.2";
  ExpectFine();
  m_config.listeners[1].address = "::";
  ExpectFine();
  m_config.listeners[0].address = "::1";
  ExpectRefusal("listener.1: port 9000 of :: is taken by listener.0 (::1)");
  m_config.listeners[0].port = m_config.listeners[1].port = 0;
  ExpectFine();
}

TEST_F(CPreflightTest, TheTableIsAligned) {
  m_machine.somaxconn = 128;
  const std::string text = Check().ToString();
  EXPECT_THAT(text, HasSubstr("\ndoubtful: listener.0.backlog: "));
  const std::string table = text.substr(0, text.find("doubtful"));
  const auto widthOf = [](const std::string& line) {
    return std::count_if(line.begin(), line.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  };
  const std::string first = table.substr(0, table.find('\n'));
  for (size_t at = 0; at < table.size(); at = table.find('\n', at) + 1) {
    EXPECT_EQ(widthOf(table.substr(at, table.find('\n', at) - at)), widthOf(first));
  }
}

TEST_F(CPreflightTest, ThisMachineIsKnown) {
  const SMachine machine = CPreflight::ThisMachine();
  EXPECT_GT(machine.memoryBytes, 1024U * 1024U);
  EXPECT_GE(machine.cores, 1U);
  EXPECT_GE(machine.somaxconn, 1U);
}

}  // namespace
}  // namespace switchboard
