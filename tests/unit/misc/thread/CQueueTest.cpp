#include "misc/thread/CQueue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "misc/thread/CThread.h"

namespace switchboard {
namespace {

using std::chrono::milliseconds;

MonotonicTime In(milliseconds time) { return std::chrono::steady_clock::now() + time; }

TEST(CQueueTest, GivesBackEverythingInOrder) {
  CQueue<int> queue(10);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(queue.Push(int{i}));
  std::vector<int> out = {99};
  EXPECT_TRUE(queue.PopAll(out));
  EXPECT_EQ(out, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(CQueueTest, WhenFullItRefusesAndLeavesTheItemAlone) {
  CQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.Push(std::make_unique<int>(1)));
  auto p_second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.Push(std::move(p_second)));
  ASSERT_NE(p_second, nullptr);
  EXPECT_EQ(*p_second, 2);

  std::vector<std::unique_ptr<int>> out;
  EXPECT_TRUE(queue.PopAll(out));
  EXPECT_TRUE(queue.Push(std::move(p_second)));
}

TEST(CQueueTest, ABatchGoesInAsFarAsThereIsRoom) {
  CQueue<std::string> queue(3);
  EXPECT_TRUE(queue.Push("a"));
  std::vector<std::string> batch = {"b", "c", "d", "e"};
  EXPECT_EQ(queue.Push(std::span(batch)), 2U);
  EXPECT_EQ(batch[2], "d");
  EXPECT_EQ(batch[3], "e");
  EXPECT_EQ(queue.Push(std::span(batch).subspan(2)), 0U);

  std::vector<std::string> out;
  EXPECT_TRUE(queue.PopAll(out));
  EXPECT_EQ(out, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(CQueueTest, AnEmptyBatchIsNothing) {
  CQueue<int> queue(1);
  EXPECT_EQ(queue.Push(std::span<int>()), 0U);
  std::vector<int> out;
  EXPECT_TRUE(queue.PopAll(out, In(milliseconds(0))));
  EXPECT_TRUE(out.empty());
}

TEST(CQueueTest, TheDeadlinePasses) {
  CQueue<int> queue(1);
  std::vector<int> out;
  const MonotonicTime deadline = In(milliseconds(20));
  EXPECT_TRUE(queue.PopAll(out, deadline));
  EXPECT_TRUE(out.empty());
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
}

TEST(CQueueTest, APassedDeadlineStillTakesWhatIsThere) {
  CQueue<int> queue(1);
  EXPECT_TRUE(queue.Push(7));
  std::vector<int> out;
  EXPECT_TRUE(queue.PopAll(out, In(milliseconds(-1))));
  EXPECT_EQ(out, std::vector<int>{7});
}

TEST(CQueueTest, AfterCloseTheRestComesOutAndNothingGoesIn) {
  CQueue<int> queue(4);
  EXPECT_TRUE(queue.Push(1));
  queue.Close();
  EXPECT_FALSE(queue.Push(2));
  std::vector<int> batch = {3};
  EXPECT_EQ(queue.Push(std::span(batch)), 0U);

  std::vector<int> out;
  EXPECT_TRUE(queue.PopAll(out));
  EXPECT_EQ(out, std::vector<int>{1});
  EXPECT_FALSE(queue.PopAll(out));
  EXPECT_TRUE(out.empty());
  EXPECT_FALSE(queue.PopAll(out, In(milliseconds(60000))));
}

TEST(CQueueTest, CloseWakesEverySleeper) {
  CQueue<int> queue(1);
  std::atomic<int> ended{0};
  {
    std::vector<CThread> sleepers;
    for (int i = 0; i < 4; ++i) {
      sleepers.emplace_back("sb-test", [&] {
        std::vector<int> out;
        while (queue.PopAll(out)) {
        }
        ++ended;
      });
    }
    queue.Close();
  }
  EXPECT_EQ(ended, 4);
}

TEST(CQueueTest, APushWakesASleeper) {
  CQueue<int> there(1);
  CQueue<int> back(1);
  CThread sleeper("sb-test", [&] {
    std::vector<int> out;
    while (there.PopAll(out)) {
      for (int& item : out) back.Push(std::move(item));
    }
  });
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(there.Push(int{i}));
    std::vector<int> out;
    ASSERT_TRUE(back.PopAll(out));
    ASSERT_EQ(out, std::vector<int>{i});
  }
  there.Close();
}

// Each item is producer * kItems + its number, so the consumers can check both loss and order.
TEST(CQueueTest, ManyProducersAndConsumersLoseNothing) {
  constexpr uint32_t kProducers = 4;
  constexpr uint32_t kItems = 20000;
  CQueue<uint32_t> queue(kProducers * kItems);
  std::atomic<uint64_t> count{0};
  std::atomic<uint64_t> sum{0};
  std::atomic<bool> isOrdered{true};
  {
    std::vector<CThread> consumers;
    for (int i = 0; i < 2; ++i) {
      consumers.emplace_back("sb-consumer", [&] {
        std::vector<uint32_t> out;
        std::vector<int64_t> last(kProducers, -1);
        while (queue.PopAll(out, In(milliseconds(1)))) {
          for (const uint32_t item : out) {
            int64_t& before = last[item / kItems];
            if (before >= int64_t{item}) isOrdered = false;
            before = item;
            sum += item;
          }
          count += out.size();
        }
      });
    }
    {
      std::vector<CThread> producers;
      for (uint32_t p = 0; p < kProducers; ++p) {
        producers.emplace_back("sb-producer", [&queue, p] {
          for (uint32_t i = 0; i < kItems; i += 2) {
            EXPECT_TRUE(queue.Push(p * kItems + i));
            std::vector<uint32_t> batch = {p * kItems + i + 1};
            EXPECT_EQ(queue.Push(std::span(batch)), 1U);
          }
        });
      }
    }
    queue.Close();
  }
  constexpr uint64_t kTotal = uint64_t{kProducers} * kItems;
  EXPECT_EQ(count, kTotal);
  EXPECT_EQ(sum, kTotal * (kTotal - 1) / 2);
  EXPECT_TRUE(isOrdered);
}

}  // namespace
}  // namespace switchboard
