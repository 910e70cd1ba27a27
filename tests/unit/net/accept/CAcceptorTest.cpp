#include "net/accept/CAcceptor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <optional>
#include <vector>

#include "tests/support/CStubApplication.h"
#include "tests/support/CTestClient.h"
#include "tests/support/CTestNetwork.h"

namespace switchboard {
namespace {

TEST(CAcceptorTest, WithoutSlotsPeersWaitAndAreServedLater) {
  CStubApplication socket;
  SConfig config = TestConfig();
  config.pool.connections = config.pool.max_connections = 2;
  CTestNetwork network(socket, config);
  std::vector<std::unique_ptr<CTestClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<CTestClient>(network.Port()));
    clients.back()->SendFrame(7);
  }
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kAcceptPauses) > 0; }));
  EXPECT_EQ(network.Active(), 2U);
  for (const std::unique_ptr<CTestClient>& p_client : clients) {
    ASSERT_TRUE(p_client->ReceiveFrame().has_value());
    p_client->Close();
  }
  ASSERT_TRUE(Eventually([&] { return network.Active() == 0; }));
  EXPECT_EQ(network.Count(ECounter::kConnectionsAccepted), 5U);
}

// Takes all descriptors of the process but a few.
class CDescriptorLimit {
 public:
  explicit CDescriptorLimit(int nextFree) {
    ::getrlimit(RLIMIT_NOFILE, &m_before);
    rlimit lowered = m_before;
    lowered.rlim_cur = static_cast<rlim_t>(nextFree);
    ::setrlimit(RLIMIT_NOFILE, &lowered);
  }
  ~CDescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &m_before); }

 private:
  rlimit m_before{};
};

TEST(CAcceptorTest, WithoutDescriptorsItRestsAndDoesNotSpin) {
  CStubApplication socket;
  CTestNetwork network(socket);
  CTestClient first(network.Port());
  first.SendFrame(7);
  ASSERT_TRUE(first.ReceiveFrame().has_value());
  CTestClient second(network.Port());
  ASSERT_TRUE(Eventually([&] { return network.Active() == 2; }));
  CFd third(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int highest = third.Get();
  std::optional<CDescriptorLimit> limit(highest + 1);
  // The client's descriptor is there, so that the server's is what lacks.
  CTestClient waiting(std::move(third), network.Port());
  ASSERT_TRUE(waiting.SendFrame(7));
  ASSERT_TRUE(Eventually([&] { return network.Count(ECounter::kAcceptPauses) > 0; }));
  EXPECT_EQ(network.Active(), 2U);
  first.SendFrame(7);
  EXPECT_TRUE(first.ReceiveFrame().has_value()) << "the others are served";
  EXPECT_LE(network.Count(ECounter::kAcceptPauses), 40U) << "one try a second, not a spin";
  second.Close();
  EXPECT_TRUE(waiting.ReceiveFrame().has_value()) << "a descriptor has become free";
  limit.reset();
}

}  // namespace
}  // namespace switchboard
