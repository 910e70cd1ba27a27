#include "proc/workforce/CLoadBalancer.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/CTestClient.h"

namespace switchboard {
namespace {

// A worker that takes all clients at once, and tells nobody.
[[noreturn]] void TakeAll(CScoreboard& scoreboard, const SWorkerLaunch& launch, CChannel channel) {
  SMessage message;
  while (true) {
    pollfd wait{channel.Fd(), POLLIN, 0};
    poll(&wait, 1, -1);
    const CChannel::EReceive result = channel.Receive(message);
    if (result == CChannel::EReceive::kClosed) _exit(0);
    if (result == CChannel::EReceive::kMessage && message.kind == EMessage::kClient) {
      scoreboard.Page(launch.page).handOver.taken.fetch_add(1);
    }
  }
}

// Each client that was taken and not collected has a bit of its own in SHandOver::missed.
TEST(CLoadBalancerTest, NoMoreAreTakenThanCanBeToldApartUntilTheyAreCollected) {
  CLog log("/dev/null", ELogLevel::kError);
  CClock clock;
  SConfig config;
  config.listeners.resize(1);
  config.listeners[0].address = "127.0.0.1";
  config.listeners[0].port = 0;
  config.listeners[0].accept = EAcceptMode::kDispatch;
  CListenerStore store;
  const std::vector<uint32_t> numbers = store.Reserve(config.listeners);
  CScoreboard scoreboard("", 2);
  scoreboard.Page(0).pid.store(getpid());  // the master's
  CProcessNumbers processNumbers;
  CWorkerSet workers(log, clock, store, scoreboard, processNumbers, [&](const SWorkerLaunch& launch, CChannel channel) {
    TakeAll(scoreboard, launch, std::move(channel));
  });
  const auto p_generation = std::make_shared<CGeneration>(1, config, numbers, 1, clock);
  SWorkerProcess& worker = workers.Spawn(p_generation, 0);
  const pid_t pid = worker.pid;
  worker.isReady = true;
  const std::atomic<uint64_t>& taken = scoreboard.Page(worker.page).handOver.taken;
  CLoadBalancer balancer(log, clock, store, scoreboard, workers);
  balancer.Serve(p_generation);

  const std::string address = store.Address(numbers[0]);
  const auto port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  std::deque<CTestClient> clients;
  for (int i = 0; i < 100; ++i) clients.emplace_back(port);
  EXPECT_TRUE(Eventually([&] {
    balancer.HandleEvents();
    return taken.load() >= CLoadBalancer::kMaxMissed;
  }));
  for (int i = 0; i < 1000; ++i) balancer.HandleEvents();
  EXPECT_EQ(taken.load(), CLoadBalancer::kMaxMissed);
  EXPECT_TRUE(Eventually([&] {
    balancer.Bell().Signal();
    balancer.HandleEvents();
    return taken.load() == clients.size();
  }));
  workers.Forget();  // the end of its channel ends it
  EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
}

}  // namespace
}  // namespace switchboard
