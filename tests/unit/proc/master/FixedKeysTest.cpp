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

}  // namespace
}  // namespace switchboard
