// peer-libevent --port N: the echo of BareEcho.cpp on libevent's buffer events, as its users write it.

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>

#include "bench/EchoFrames.h"
#include "bench/Loopback.h"

namespace switchboard::bench {
namespace {

void OnRead(bufferevent* p_peer, void*) {
  evbuffer* p_input = bufferevent_get_input(p_peer);
  const size_t size = evbuffer_get_length(p_input);
  auto* p_bytes = reinterpret_cast<std::byte*>(evbuffer_pullup(p_input, -1));
  const SEchoedFrames echoed = EchoFrames({p_bytes, size});
  if (echoed.isBad) return bufferevent_free(p_peer);
  // Moves the bytes without a copy.
  evbuffer_remove_buffer(p_input, bufferevent_get_output(p_peer), echoed.bytes);
}

void OnEvent(bufferevent* p_peer, short events, void*) {
  if ((events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) bufferevent_free(p_peer);
}

void OnConnection(evconnlistener*, evutil_socket_t fd, sockaddr*, int, void* p_base) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  bufferevent* p_peer = bufferevent_socket_new(static_cast<event_base*>(p_base), fd, BEV_OPT_CLOSE_ON_FREE);
  bufferevent_setcb(p_peer, OnRead, nullptr, OnEvent, nullptr);
  bufferevent_enable(p_peer, EV_READ | EV_WRITE);
}

void Run(uint16_t port) {
  const std::unique_ptr<event_base, decltype(&event_base_free)> p_base(event_base_new(), event_base_free);
  sockaddr_in address = LoopbackAddress(port);
  socklen_t size = sizeof(address);
  auto* p_address = reinterpret_cast<sockaddr*>(&address);
  const std::unique_ptr<evconnlistener, decltype(&evconnlistener_free)> p_listener(
      evconnlistener_new_bind(p_base.get(), OnConnection, p_base.get(), LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE, 4096,
                              p_address, sizeof(address)),
      evconnlistener_free);
  if (p_listener == nullptr || ::getsockname(evconnlistener_get_fd(p_listener.get()), p_address, &size) != 0) {
    throw std::runtime_error("the port can't be listened on");
  }
  TellPort(ntohs(address.sin_port));
  event_base_dispatch(p_base.get());
}

}  // namespace
}  // namespace switchboard::bench

int main(int argc, char** argv) try {
  switchboard::bench::Run(switchboard::bench::PortArgument(argc, argv));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer-libevent: %s\n", error.what());
  return 1;
}
