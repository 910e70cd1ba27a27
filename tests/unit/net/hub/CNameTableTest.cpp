#include "net/hub/CNameTable.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "misc/thread/CThread.h"
#include "net/hub/CNameReader.h"

namespace switchboard {
namespace {

struct SUnmap {
  void operator()(SHubSeat* p_seat) const { ::munmap(p_seat, sizeof(SHubSeat)); }
};
using SeatPtr = std::unique_ptr<SHubSeat, SUnmap>;

SeatPtr MakeSeat() {
  void* const p_memory =
      ::mmap(nullptr, sizeof(SHubSeat), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return SeatPtr(p_memory == MAP_FAILED ? nullptr : static_cast<SHubSeat*>(p_memory));
}

// Few hashes, so that names share chains.
SHubKey Key(std::string_view name, ENameKind kind = ENameKind::kRoom) {
  return {kind, name, std::hash<std::string_view>{}(name) % 4};
}

class CNameTableTest : public testing::Test {
 protected:
  size_t MembersOf(const SHubKey& key) {
    std::vector<SHubPlace> own;
    std::vector<SHubPlace> read;
    table.Members(key, own);
    EXPECT_TRUE(reader.Members(key, read));
    EXPECT_EQ(own.size(), read.size());
    EXPECT_EQ(table.Count(key), own.size());
    EXPECT_EQ(reader.Count(key), own.size());
    return own.size();
  }

  const SeatPtr p_seat = MakeSeat();
  CNameTable table{*p_seat, 3};
  const CNameReader reader{*p_seat};
};

TEST_F(CNameTableTest, AMemberIsThereFromItsJoinToItsLeave) {
  const SHubPlace session{7, 1};
  EXPECT_FALSE(table.Has(Key("lobby"), session));
  EXPECT_EQ(table.Join(Key("lobby"), session), CNameTable::EJoin::kJoined);
  EXPECT_EQ(table.Join(Key("lobby"), session), CNameTable::EJoin::kAlready);
  EXPECT_EQ(table.Join(Key("lobby", ENameKind::kUser), session), CNameTable::EJoin::kJoined);
  EXPECT_TRUE(table.Has(Key("lobby"), session));
  EXPECT_EQ(MembersOf(Key("lobby")), 1U);
  EXPECT_EQ(MembersOf(Key("lobbies")), 0U);
  EXPECT_EQ(table.Names(), 2U);
  EXPECT_TRUE(table.Leave(Key("lobby"), session));
  EXPECT_FALSE(table.Leave(Key("lobby"), session));
  EXPECT_EQ(MembersOf(Key("lobby")), 0U);
  EXPECT_EQ(MembersOf(Key("lobby", ENameKind::kUser)), 1U);
  EXPECT_EQ(table.Names(), 1U);
}

TEST_F(CNameTableTest, ASessionThatHasEndedJoinsNothingAndItsSlotsNextOneDoes) {
  ASSERT_EQ(table.Join(Key("a"), {7, 4}), CNameTable::EJoin::kJoined);
  table.Forget(7, 4);
  EXPECT_EQ(MembersOf(Key("a")), 0U);
  EXPECT_EQ(table.Join(Key("a"), {7, 4}), CNameTable::EJoin::kGone);
  EXPECT_EQ(table.Join(Key("a"), {7, 3}), CNameTable::EJoin::kGone);
  EXPECT_FALSE(table.Leave(Key("a"), {7, 4}));
  EXPECT_EQ(table.Join(Key("a"), {7, 5}), CNameTable::EJoin::kJoined);
  table.Forget(7, 4);
  EXPECT_EQ(MembersOf(Key("a")), 1U);
  table.Forget(8, 1);
  EXPECT_EQ(table.Join(Key("a"), {8, 1}), CNameTable::EJoin::kGone);
}

TEST_F(CNameTableTest, NamesOfAnyLengthAreTold) {
  const std::string longest(SHubText::kMost, 'x');
  const std::string longer(SHubName::kInline + 1, 'y');
  for (const std::string& name : {std::string("z"), longer, longest}) {
    EXPECT_EQ(table.Join(Key(name), {1, 1}), CNameTable::EJoin::kJoined);
    EXPECT_EQ(MembersOf(Key(name)), 1U);
    EXPECT_EQ(MembersOf(Key(name.substr(1))), 0U);
  }
  EXPECT_EQ(table.Join(Key("a fourth"), {1, 1}), CNameTable::EJoin::kTooMany);
}

TEST_F(CNameTableTest, AStampCompletesALogin) {
  ASSERT_EQ(table.Join(Key("alice", ENameKind::kUser), {1, 1}), CNameTable::EJoin::kJoined);
  ASSERT_TRUE(table.Stamp(Key("alice", ENameKind::kUser), {1, 1, 42}));
  std::vector<SHubPlace> read;
  ASSERT_TRUE(reader.Members(Key("alice", ENameKind::kUser), read));
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].stamp, 42U);
  EXPECT_FALSE(table.Stamp(Key("alice", ENameKind::kUser), {1, 2, 43}));
}

TEST_F(CNameTableTest, AgreesWithAModelOverManyChanges) {
  std::map<std::string, std::set<uint32_t>> model;
  std::mt19937 random(1);
  for (int step = 0; step < 20000; ++step) {
    const std::string name = std::string(random() % 40, 'n') + std::to_string(random() % 20);
    const auto slot = static_cast<uint32_t>(random() % 30);
    if (random() % 2 == 0) {
      const bool wasThere = model[name].contains(slot);
      const CNameTable::EJoin joined = table.Join(Key(name), {slot, 1});
      EXPECT_EQ(joined == CNameTable::EJoin::kAlready, wasThere);
      if (joined == CNameTable::EJoin::kJoined) model[name].insert(slot);
    } else {
      EXPECT_EQ(table.Leave(Key(name), {slot, 1}), model[name].erase(slot) > 0);
    }
    if (step % 100 == 0) {
      EXPECT_EQ(MembersOf(Key(name)), model[name].size());
    }
  }
  size_t names = 0;
  for (const auto& [name, members] : model) {
    names += members.empty() ? 0 : 1;
    std::vector<SHubPlace> read;
    ASSERT_TRUE(reader.Members(Key(name), read));
    std::set<uint32_t> slots;
    for (const SHubPlace& place : read) slots.insert(place.slot);
    EXPECT_EQ(slots, members);
  }
  EXPECT_EQ(table.Names(), names);
  for (uint32_t slot = 0; slot < 30; ++slot) table.Forget(slot, 1);
  EXPECT_EQ(table.Names(), 0U);
}

TEST_F(CNameTableTest, AReaderSeesNoMixtureWhileItChanges) {
  std::atomic<bool> isOver{false};
  for (uint32_t slot = 0; slot < 8; ++slot) table.Join(Key("steady"), {slot, 1});
  CThread writer("writer", [&] {
    for (uint32_t i = 0; !isOver; ++i) {
      const std::string name = "coming and going " + std::to_string(i % 7);
      table.Join(Key(name), {100, 1});
      table.Join(Key("steady"), {101, 1});
      table.Leave(Key("steady"), {101, 1});
      table.Leave(Key(name), {100, 1});
    }
  });
  for (int i = 0; i < 20000; ++i) {
    std::vector<SHubPlace> read;
    if (!reader.Members(Key("steady"), read)) continue;
    ASSERT_GE(read.size(), 8U);
    ASSERT_LE(read.size(), 9U);
    std::set<uint32_t> slots;
    for (const SHubPlace& place : read) slots.insert(place.slot);
    ASSERT_EQ(slots.size(), read.size());
  }
  isOver = true;
}

TEST_F(CNameTableTest, AReaderOfGarbageEndsSoonAndStaysInside) {
  std::mt19937_64 random(2);
  auto* const p_words = reinterpret_cast<uint64_t*>(p_seat.get());
  for (uint64_t at = 0; at < sizeof(SHubSeat) / sizeof(uint64_t); at += 512) p_words[at] = random();
  for (SHubBucket& bucket : p_seat->buckets) {
    bucket.first = static_cast<uint32_t>(random());
    bucket.version = 2;
  }
  for (int i = 0; i < 1000; ++i) {
    const std::string name = std::to_string(i);
    std::vector<SHubPlace> read;
    reader.Members({ENameKind::kRoom, name, random()}, read);
    reader.Count({ENameKind::kRoom, name, random()});
  }
  // A chain and a list that have no end.
  const SHubKey key{ENameKind::kRoom, "x", 1};
  p_seat->buckets[1].first = 1;
  p_seat->names[0].hash = 2;
  p_seat->names[0].next = 1;
  EXPECT_EQ(reader.Count(key), 0U);
  p_seat->names[0].hash = 1;
  p_seat->names[0].kind = ENameKind::kRoom;
  p_seat->names[0].length = 1;
  p_seat->names[0].words[0] = 'x';
  p_seat->names[0].count = UINT32_MAX;
  p_seat->names[0].first = 1;
  p_seat->names[0].version = 0;
  p_seat->members[0].next = 1;
  std::vector<SHubPlace> read;
  EXPECT_TRUE(reader.Members(key, read));
  EXPECT_LE(read.size(), SHubSeat::kMembers);
}

}  // namespace
}  // namespace switchboard
