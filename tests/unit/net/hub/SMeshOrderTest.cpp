#include "net/hub/SMeshOrder.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace switchboard {
namespace {

TEST(SMeshOrderTest, WhatIsWrittenIsRead) {
  const std::string body = "the body";
  const std::string name(SHubText::kMost, 'n');
  std::vector<std::byte> record;
  WriteMeshOrder({EMeshOrder::kPublish, ENameKind::kUser, 77, CSession(1, 2, 3), name, std::as_bytes(std::span(body))},
                 record);
  WriteMeshOrder({EMeshOrder::kReplace, ENameKind::kRoom, 0, CSession(4, 5, 6), {}, {}}, record);
  std::span<const std::byte> rest = record;
  const auto first = ReadMeshOrder(rest);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->order, EMeshOrder::kPublish);
  EXPECT_EQ(first->kind, ENameKind::kUser);
  EXPECT_EQ(first->msgCode, 77);
  EXPECT_EQ(first->session, CSession(1, 2, 3));
  EXPECT_EQ(first->name, name);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(first->body.data()), first->body.size()), body);
  EXPECT_FALSE(first->IsDuty());
  const auto second = ReadMeshOrder(rest);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->order, EMeshOrder::kReplace);
  EXPECT_TRUE(second->IsDuty());
  EXPECT_TRUE(rest.empty());
}

TEST(SMeshOrderTest, GarbageIsNoOrderAndReadsNothingBeyondItself) {
  std::mt19937 random(3);
  for (int i = 0; i < 100000; ++i) {
    std::vector<std::byte> record(random() % 64);
    for (std::byte& byte : record) byte = static_cast<std::byte>(random() % (i % 2 == 0 ? 256 : 4));
    std::span<const std::byte> rest = record;
    const auto order = ReadMeshOrder(rest);
    if (!order) continue;
    EXPECT_LE(order->name.size(), SHubText::kMost);
    EXPECT_LE(order->name.size() + order->body.size() + rest.size(), record.size());
  }
}

}  // namespace
}  // namespace switchboard
