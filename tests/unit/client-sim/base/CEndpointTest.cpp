#include "client-sim/base/CEndpoint.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "tests/support/Loopback.h"

namespace switchboard::sim {
namespace {

// Connects to `server`, and returns the address that the connection comes from.
std::string SourceOf(const CEndpoint& server, size_t source) {
  CFd socket;
  EXPECT_EQ(server.Connect(0, socket, 0, source), 0);
  const std::string text = CEndpoint::LocalTextOf(socket);
  return text.substr(0, text.rfind(':'));
}

TEST(CEndpointTest, SourcesTakeTurns) {
  const CFd listener = CEndpoint("127.0.0.1:0").Listen();
  const CEndpoint server(CEndpoint::LocalTextOf(listener), {"127.0.0.2", "127.0.0.3"});
  EXPECT_EQ(SourceOf(server, 0), "127.0.0.2");
  EXPECT_EQ(SourceOf(server, 1), "127.0.0.3");
  EXPECT_EQ(SourceOf(server, 2), "127.0.0.2");
}

TEST(CEndpointTest, SpeaksIPv6) {
  if (!HasIPv6()) {
    EXPECT_THROW(CEndpoint("[::1]:0").Listen(), std::system_error);
    return;
  }
  const CFd listener = CEndpoint("[::1]:0").Listen();
  const std::string address = CEndpoint::LocalTextOf(listener);
  EXPECT_EQ(address.substr(0, 6), "[::1]:");
  const CEndpoint server(address);
  EXPECT_EQ(SourceOf(server, 0), "[::1]");
  const CEndpoint mixed(address, {"127.0.0.2"});
  CFd socket;
  EXPECT_EQ(mixed.Connect(0, socket), EAFNOSUPPORT);
  EXPECT_FALSE(socket.IsValid());
}

TEST(CEndpointTest, KnowsWhatIsOnThisMachine) {
  for (const char* p_text : {"127.0.0.1:1", "127.9.8.7:1", "[::1]:1", "::1:1"}) {
    EXPECT_TRUE(CEndpoint(p_text).IsLoopback()) << p_text;
  }
  for (const char* p_text : {"192.0.2.1:1", "126.0.0.1:1", "0.0.0.0:1", "[2001:db8::1]:1", "[::]:1"}) {
    EXPECT_FALSE(CEndpoint(p_text).IsLoopback()) << p_text;
  }
}

TEST(CEndpointTest, RefusesWhatIsNoAddress) {
  for (const char* p_text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "no such host:1"}) {
    EXPECT_THROW(CEndpoint{p_text}, std::invalid_argument) << p_text;
  }
  EXPECT_THROW(CEndpoint("127.0.0.1:1", {"nowhere at all"}), std::invalid_argument);
}

TEST(CEndpointTest, ARefusedConnectIsToldWhenItsSocketIsReady) {
  std::string address;
  {
    const CFd listener = CEndpoint("127.0.0.1:0").Listen();
    address = CEndpoint::LocalTextOf(listener);
  }
  const CEndpoint server(address);
  CFd socket;
  const int error = server.Connect(SOCK_NONBLOCK, socket);
  if (error == EINPROGRESS) {
    pollfd ready{socket.Get(), POLLOUT, 0};
    ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
    EXPECT_EQ(CEndpoint::ConnectErrorOf(socket), ECONNREFUSED);
  } else {
    EXPECT_EQ(error, ECONNREFUSED);
  }
}

}  // namespace
}  // namespace switchboard::sim
