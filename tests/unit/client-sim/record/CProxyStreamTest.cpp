#include "client-sim/record/CProxyStream.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>

#include "client-sim/base/CEndpoint.h"
#include "tests/support/CTemporaryFolder.h"
#include "tests/support/CTestClient.h"

namespace switchboard::sim {
namespace {

constexpr uint16_t kSomeCode = 7;

class CProxyStreamTest : public testing::Test {
 protected:
  static uint16_t PortOf(const CFd& socket) {
    const std::string text = CEndpoint::LocalTextOf(socket);
    return static_cast<uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
  }
  // Waits until the proxy's end has something to tell, and tells what.
  short Await(short events) const {
    pollfd wanted{m_socket.Get(), events, 0};
    return ::poll(&wanted, 1, 30'000) == 1 ? wanted.revents : short{0};
  }
  void Take() {
    Await(POLLIN);
    m_fromClient.Take(m_socket, m_buffer, Nanoseconds::zero(), m_toClient.IsBroken());
  }

  const CTemporaryFolder m_folder;
  CFrameRecorder m_recorder{(m_folder.Path() / "record").string()};
  const CFd m_listener = CEndpoint("127.0.0.1:0").Listen();
  CTestClient m_client{PortOf(m_listener)};
  const CFd m_socket{::accept4(m_listener.Get(), nullptr, nullptr, SOCK_CLOEXEC)};
  CProxyStream m_fromClient{0, EDirection::kToServer, m_recorder};
  CProxyStream m_toClient{0, EDirection::kToClient, m_recorder};
  std::array<std::byte, 1024> m_buffer{};
};

TEST_F(CProxyStreamTest, WholeFramesAreRecorded) {
  ASSERT_TRUE(m_client.SendFrame(kSomeCode, "hello"));
  Take();
  EXPECT_TRUE(m_fromClient.WantsToGive());
  EXPECT_FALSE(m_fromClient.HasLostFrames());
  EXPECT_EQ(m_recorder.Frames(EDirection::kToServer), 1U);
}

TEST_F(CProxyStreamTest, AnEndIsNoReset) {
  m_client.ShutdownWrite();
  Take();
  EXPECT_FALSE(m_fromClient.WantsToTake());
  EXPECT_FALSE(m_fromClient.WasReset());
}

TEST_F(CProxyStreamTest, AResetIsAReset) {
  m_client.Rst();
  Take();
  EXPECT_TRUE(m_fromClient.WasReset());
}

// The system tells of a reset once: to whoever sends, if he is the first.
TEST_F(CProxyStreamTest, AResetThatTheSenderWasToldOfIsAReset) {
  CTestClient server(PortOf(m_listener));
  const CFd source(::accept4(m_listener.Get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(server.SendFrame(kSomeCode, "an answer"));
  m_toClient.Take(source, m_buffer, Nanoseconds::zero(), false);
  m_client.Rst();
  EXPECT_NE(Await(0) & POLLHUP, 0);
  m_toClient.Give(m_socket);
  EXPECT_TRUE(m_toClient.IsBroken());
  Take();
  EXPECT_TRUE(m_fromClient.WasReset());
}

}  // namespace
}  // namespace switchboard::sim
