// peer-libuv --port N: the echo of BareEcho.cpp on libuv, as its users write it.

#include <netinet/tcp.h>
#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <vector>

#include "bench/EchoFrames.h"
#include "bench/Loopback.h"

namespace switchboard::bench {
namespace {

std::array<std::byte, 128 * 1024> g_buffer;

void Check(int result) {
  if (result < 0) throw std::runtime_error(uv_strerror(result));
}

struct SPeer {
  uv_tcp_t handle{};
  std::vector<std::byte> partial;
};

// Bytes that a socket didn't take at once, until libuv has written them.
struct SWrite {
  uv_write_t request{};
  std::vector<std::byte> bytes;
};

SPeer& PeerOf(void* p_handle) { return *static_cast<SPeer*>(static_cast<uv_handle_t*>(p_handle)->data); }

uv_buf_t BufferOf(std::span<std::byte> bytes) {
  return uv_buf_init(reinterpret_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
}

void Close(SPeer& peer) {
  auto* p_handle = reinterpret_cast<uv_handle_t*>(&peer.handle);
  if (uv_is_closing(p_handle)) return;
  uv_close(p_handle, [](uv_handle_t* p_closed) { const std::unique_ptr<SPeer> p_gone(&PeerOf(p_closed)); });
}

void Send(SPeer& peer, std::span<std::byte> bytes) {
  auto* p_stream = reinterpret_cast<uv_stream_t*>(&peer.handle);
  uv_buf_t buffer = BufferOf(bytes);
  const int written = uv_try_write(p_stream, &buffer, 1);
  if (written < 0 && written != UV_EAGAIN) return Close(peer);
  const std::span<std::byte> rest = bytes.subspan(written < 0 ? 0 : static_cast<size_t>(written));
  if (rest.empty()) return;
  auto p_write = std::make_unique<SWrite>();
  p_write->bytes.assign(rest.begin(), rest.end());
  p_write->request.data = p_write.get();
  buffer = BufferOf(p_write->bytes);
  const auto done = [](uv_write_t* p_request, int) {
    const std::unique_ptr<SWrite> p_gone(static_cast<SWrite*>(p_request->data));
  };
  if (uv_write(&p_write->request, p_stream, &buffer, 1, done) == 0) static_cast<void>(p_write.release());
}

// The started frame of the last read is put before what comes now.
void Allocate(uv_handle_t* p_handle, size_t, uv_buf_t* p_buffer) {
  const std::vector<std::byte>& partial = PeerOf(p_handle).partial;
  std::copy(partial.begin(), partial.end(), g_buffer.begin());
  *p_buffer = BufferOf(std::span(g_buffer).subspan(partial.size()));
}

void OnRead(uv_stream_t* p_stream, ssize_t n, const uv_buf_t*) {
  SPeer& peer = PeerOf(p_stream);
  if (n < 0) return Close(peer);
  if (n == 0) return;
  const std::span<std::byte> input(g_buffer.data(), peer.partial.size() + static_cast<size_t>(n));
  const SEchoedFrames echoed = EchoFrames(input);
  if (echoed.isBad) return Close(peer);
  const std::span<std::byte> tail = input.subspan(echoed.bytes);
  peer.partial.assign(tail.begin(), tail.end());
  if (echoed.bytes != 0) Send(peer, input.first(echoed.bytes));
}

void OnConnection(uv_stream_t* p_listener, int status) {
  if (status < 0) return;
  auto p_peer = std::make_unique<SPeer>();
  Check(uv_tcp_init(p_listener->loop, &p_peer->handle));
  SPeer* p_raw = p_peer.release();  // its handle owns it, until Close
  p_raw->handle.data = p_raw;
  auto* p_stream = reinterpret_cast<uv_stream_t*>(&p_raw->handle);
  if (uv_accept(p_listener, p_stream) != 0) return Close(*p_raw);
  uv_tcp_nodelay(&p_raw->handle, 1);
  Check(uv_read_start(p_stream, Allocate, OnRead));
}

void Run(uint16_t port) {
  uv_loop_t* p_loop = uv_default_loop();
  uv_tcp_t listener;
  Check(uv_tcp_init(p_loop, &listener));
  sockaddr_in address = LoopbackAddress(port);
  auto* p_address = reinterpret_cast<sockaddr*>(&address);
  Check(uv_tcp_bind(&listener, p_address, 0));
  Check(uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 4096, OnConnection));
  int size = sizeof(address);
  Check(uv_tcp_getsockname(&listener, p_address, &size));
  TellPort(ntohs(address.sin_port));
  uv_run(p_loop, UV_RUN_DEFAULT);
}

}  // namespace
}  // namespace switchboard::bench

int main(int argc, char** argv) try {
  switchboard::bench::Run(switchboard::bench::PortArgument(argc, argv));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer-libuv: %s\n", error.what());
  return 1;
}
