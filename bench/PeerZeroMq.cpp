// peer-zeromq --port N: an echo on a ZeroMQ ROUTER with one I/O thread. ZeroMQ frames by its own protocol, ZMTP, over
// TCP, so it checks no CRC.

#include <zmq.h>

#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/Loopback.h"

namespace switchboard::bench {
namespace {

void Check(int result) {
  if (result < 0) throw std::runtime_error(zmq_strerror(zmq_errno()));
}

// Sends every part of a message, the sender's identity first, back as it came.
void EchoParts(void* p_socket) {
  zmq_msg_t part;
  int hasMore = 1;
  while (hasMore != 0) {
    Check(zmq_msg_init(&part));
    Check(zmq_msg_recv(&part, p_socket, 0));
    hasMore = zmq_msg_more(&part);
    Check(zmq_msg_send(&part, p_socket, hasMore != 0 ? ZMQ_SNDMORE : 0));
  }
}

void Run(uint16_t port) {
  const std::unique_ptr<void, decltype(&zmq_ctx_term)> p_context(zmq_ctx_new(), zmq_ctx_term);
  const std::unique_ptr<void, decltype(&zmq_close)> p_socket(zmq_socket(p_context.get(), ZMQ_ROUTER), zmq_close);
  if (p_socket == nullptr) throw std::runtime_error(zmq_strerror(zmq_errno()));
  const std::string address = "tcp://127.0.0.1:" + (port == 0 ? std::string("*") : std::to_string(port));
  Check(zmq_bind(p_socket.get(), address.c_str()));
  std::array<char, 64> bound{};
  size_t size = bound.size();
  Check(zmq_getsockopt(p_socket.get(), ZMQ_LAST_ENDPOINT, bound.data(), &size));
  const std::string endpoint = bound.data();
  TellPort(static_cast<uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1))));
  for (;;) EchoParts(p_socket.get());
}

}  // namespace
}  // namespace switchboard::bench

int main(int argc, char** argv) try {
  switchboard::bench::Run(switchboard::bench::PortArgument(argc, argv));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer-zeromq: %s\n", error.what());
  return 1;
}
