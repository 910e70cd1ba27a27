#include "proc/master/FixedKeys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace switchboard {
namespace {

TEST(FixedKeysTest, TheSameConfigurationIgnoresNothing) {
  SConfig fresh;
  EXPECT_TRUE(KeepFixedKeys(SConfig{}, fresh).empty());
}

TEST(FixedKeysTest, WhatIsFixedIsNamedAndPutBackAndTheRestChanges) {
  SConfig fresh;
  fresh.server.daemon = !fresh.server.daemon;
  fresh.server.user = "somebody";
  fresh.server.pid_file = "other.pid";
  fresh.server.working_directory = "/elsewhere";
  fresh.server.workers = 7;
  fresh.log.file = "other.log";
  EXPECT_THAT(KeepFixedKeys(SConfig{}, fresh),
              testing::ElementsAre("server.daemon", "server.user", "server.pid_file", "server.working_directory"));
  SConfig expected;
  expected.server.workers = 7;
  expected.log.file = "other.log";
  EXPECT_EQ(fresh, expected);
}

TEST(FixedKeysTest, EveryKeyThatTheHelpCallsFixedIsKept) {
  std::vector<std::string> fixed;
  for (const auto& p_section : CConfig::Framework().Sections()) {
    for (const SConfigKey& key : p_section->keys) {
      if (key.isFixed) fixed.push_back(p_section->name + "." + key.name);
    }
  }
  SConfig fresh = CConfig::Load("", {"server.daemon=false", "server.user=somebody", "server.pid_file=other.pid",
                                     "server.working_directory=/elsewhere"});
  EXPECT_EQ(KeepFixedKeys(SConfig{}, fresh), fixed);
}

TEST(FixedKeysTest, ALogicMayHaveSuchKeysToo) {
  struct SOwn {
    uint32_t size = 1;
    uint32_t count = 1;
  };
  CConfigSchema schema;
  CConfig::Describe(schema);
  schema.Section<SOwn>("own", "of a test")
      .Number("size", &SOwn::size, {1, 9}, "what is made at the start")
      .Fixed()
      .Number("count", &SOwn::count, {1, 9}, "what is not");
  const SConfig running = CConfig::Load("", {}, schema);
  SConfig fresh = CConfig::Load("", {"own.size=2", "own.count=3"}, schema);
  EXPECT_THAT(KeepFixedKeys(running, fresh), testing::ElementsAre("own.size"));
  EXPECT_EQ(fresh.sections.Get<SOwn>().size, 1U);
  EXPECT_EQ(fresh.sections.Get<SOwn>().count, 3U);
}

}  // namespace
}  // namespace switchboard
