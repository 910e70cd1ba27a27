#include "client-sim/message/CAccountRegistrar.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <stdexcept>
#include <system_error>

#include "misc/file/CFd.h"
#include "net/wire/CFrameDecoder.h"
#include "net/wire/CFrameEncoder.h"

namespace switchboard::sim {
namespace {

SLoginBody AccountOf(const std::string& namePrefix, size_t index) {
  SLoginBody account{};
  fmt::format_to_n(account.username, sizeof(account.username) - 1, "{}_{}", namePrefix, index);
  fmt::format_to_n(account.password, sizeof(account.password) - 1, "secret {}", index);
  return account;
}

void SetPatience(int socket, std::chrono::milliseconds patience) {
  timeval limit{};
  limit.tv_sec = patience.count() / 1000;
  limit.tv_usec = patience.count() % 1000 * 1000;
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

void SendAll(int socket, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) throw std::runtime_error(fmt::format("cannot send a Register: {}", std::strerror(errno)));
    bytes = bytes.subspan(static_cast<size_t>(sent));
  }
}

void ReadExactly(int socket, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (got == 0) throw std::runtime_error("the server closed instead of answering a Register");
    if (got < 0) throw std::runtime_error(fmt::format("no answer to a Register: {}", std::strerror(errno)));
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

void ReadSuccess(int socket) {
  std::array<std::byte, kHeaderBytes + sizeof(SResultBody)> bytes;
  ReadExactly(socket, bytes);  // a Reject is as long as a result
  const SFrame frame = SFrame::At(bytes.data());
  SResultBody body;
  std::memcpy(&body, bytes.data() + kHeaderBytes, sizeof(body));
  if (frame.msgCode != kRegisterCode || SFrame::BytesAt(bytes.data()) != bytes.size()) {
    throw std::runtime_error(fmt::format("a Register was answered with code {}", frame.msgCode));
  }
  if (body.result != 0) throw std::runtime_error(fmt::format("a Register was refused with {}", body.result.value()));
}

}  // namespace

std::vector<SLoginBody> CAccountRegistrar::Register(size_t count) const {
  CFd socket;
  if (const int error = m_server.Connect(0, socket); error != 0) {
    throw std::system_error(error, std::generic_category());
  }
  SetPatience(socket.Get(), m_patience);
  std::vector<SLoginBody> accounts;
  for (size_t i = 0; i < count; ++i) {
    SRegisterBody body{};
    body.type = 1;
    body.account = AccountOf(m_namePrefix, i);
    std::array<std::byte, kHeaderBytes + sizeof(body)> frame;
    CFrameEncoder::WriteFrame(frame.data(), kRegisterCode, std::as_bytes(std::span(&body, 1)));
    SendAll(socket.Get(), frame);
    ReadSuccess(socket.Get());
    accounts.push_back(body.account);
  }
  return accounts;
}

}  // namespace switchboard::sim
