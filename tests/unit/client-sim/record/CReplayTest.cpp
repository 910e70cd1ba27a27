#include "client-sim/record/CReplay.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client-sim/message/DemoBodies.h"
#include "client-sim/options/COptions.h"
#include "net/wire/CFrameEncoder.h"
#include "tests/support/CTemporaryFolder.h"
#include "tests/unit/client-sim/load/CFloodingServer.h"

namespace switchboard::sim {
namespace {

TEST(CReplayTest, WhatTheRecordDoesntKnowIsNoProgress) {
  std::vector<std::byte> ping(kHeaderBytes);
  CFrameEncoder::WriteHeader(ping.data(), kPingCode, 0);
  std::vector<std::byte> record;
  CFrameRecord::AppendMagic(record);
  CFrameRecord::Append(record, {0, 0, EDirection::kToServer, ping});
  CFrameRecord::Append(record, {1000, 0, EDirection::kToClient, ping});
  const CTemporaryFolder folder;
  folder.Write("record.sbr", {reinterpret_cast<const char*>(record.data()), record.size()});
  CFloodingServer server(RejectOf(999));
  SReplayOptions options;
  options.file = (folder.Path() / "record.sbr").string();
  options.server = server.Address();
  options.speed = 0;
  options.isQuiet = true;
  options.patience = std::chrono::milliseconds(200);
  CReplay replay(options);
  EXPECT_EQ(replay.Execute(), kExitOk);
  EXPECT_EQ(replay.Tally().different, 1u);
  EXPECT_GT(replay.Tally().unexpected, 100u);
}

}  // namespace
}  // namespace switchboard::sim
