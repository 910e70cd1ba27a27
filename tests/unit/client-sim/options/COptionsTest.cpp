#include "client-sim/options/COptions.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <stdexcept>
#include <vector>

namespace switchboard::sim {
namespace {

TEST(COptionsTest, Mix) {
  const std::vector<SMixEntry> mix = COptions::Mix("ping=1,echo=8,login=0,register");
  ASSERT_EQ(mix.size(), 3u);
  EXPECT_EQ(mix[1].name, "echo");
  EXPECT_EQ(mix[1].weight, 8u);
  EXPECT_EQ(mix[2].weight, 1u);
  for (const char* bad : {"", "ping=0", "pong=1", "ping=-1", "ping=1,", "ping=x", "ping=1=2"}) {
    EXPECT_THROW(COptions::Mix(bad), std::invalid_argument) << bad;
  }
}

// What "--connect x:1 …" says; nothing for a refusal.
std::optional<SRunOptions> Parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"client-sim", "--connect", "x:1"});
  SRunOptions options;
  CLI::App app;
  COptions::Declare(app, options);
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
    COptions::Complete(app, options);
    return options;
  } catch (const CLI::ParseError&) {
  } catch (const std::invalid_argument&) {
  }
  return std::nullopt;
}

TEST(COptionsTest, AClosedLoopByDefault) {
  const auto options = Parsed({});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->rate, 0);
  EXPECT_EQ(options->depth, 1u);
  EXPECT_EQ(options->mix.size(), 2u);
  EXPECT_EQ(Parsed({"--threads", "8", "--connections", "3"})->threads, 3u);
}

TEST(COptionsTest, AnOpenLoopHasNoDepthUnlessItIsGiven) {
  EXPECT_EQ(Parsed({"--rate", "20k"})->depth, 0u);
  EXPECT_EQ(Parsed({"--rate", "20k"})->rate, 20'000);
  EXPECT_EQ(Parsed({"--rate", "20k", "--depth", "4"})->depth, 4u);
  EXPECT_EQ(Parsed({"--steps", "1k,2k"})->steps, (std::vector<double>{1000, 2000}));
}

TEST(COptionsTest, RequestsLastAsLongAsTheyTake) {
  EXPECT_GT(Parsed({"--requests", "5"})->duration, std::chrono::seconds(1000));
  EXPECT_EQ(Parsed({"--requests", "5", "--duration", "2s"})->duration, std::chrono::seconds(2));
}

TEST(COptionsTest, WhatDoesNotGoTogetherIsRefused) {
  const std::vector<std::vector<const char*>> refused{
      {"--poisson"},
      {"--find-max"},
      {"--connections", "0"},
      {"--connections", "0", "--attack", "rst", "--rate", "5"},
      {"--rate", "5", "--steps", "1,2"},
      {"--find-max", "--slo", "p99=5ms", "--steps", "1,2"},
      {"--find-max", "--slo", "p99=5ms", "--attack", "rst"},
      {"--attack", "ddos"},
      {"--slo", "fast"},
      {"--rate", "0"},
  };
  for (const auto& arguments : refused) EXPECT_FALSE(Parsed(arguments).has_value()) << arguments[0];
  EXPECT_TRUE(Parsed({"--connections", "0", "--attack", "rst,flood"}).has_value());
  EXPECT_TRUE(Parsed({"--find-max", "--slo", "p99=5ms", "--rate", "100"}).has_value());
}

}  // namespace
}  // namespace switchboard::sim
