#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/CTestClient.h"

namespace switchboard {

// An answer as it was received. Names of header fields are in lower case.
struct SHttpAnswer {
  int status = 0;
  std::string head;
  std::map<std::string, std::string> fields;
  std::string body;

  std::string Field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

// A blocking HTTP/1.1 client on one socket, strict about what it receives; every wait has an end.
// Threads: one sender and one receiver at a time.
class CHttpTestClient {
 public:
  // Connects to 127.0.0.1:`port`; `receiveBufferBytes` as of CTestClient.
  explicit CHttpTestClient(uint16_t port, int receiveBufferBytes = 0) : m_client(port, receiveBufferBytes) {}

  // False when the peer takes no more.
  bool Send(std::string_view text) { return m_client.SendRaw(std::as_bytes(std::span(text))); }
  // "GET /x HTTP/1.1" with a Host and `fields` ("Name: value\r\n" each).
  bool Get(std::string_view target, std::string_view fields = "") { return Send(Request("GET", target, fields)); }
  static std::string Request(std::string_view method, std::string_view target, std::string_view fields = "");
  // The next answer; of status 0 when none comes. `hasNoBody` for the answer to a HEAD.
  SHttpAnswer Receive(bool hasNoBody = false);
  // Get and Receive.
  SHttpAnswer Ask(std::string_view target, std::string_view fields = "");
  // Some more of what comes, up to `bytes`; empty at the end.
  std::string ReceiveBytes(size_t bytes);
  // The peer ends the stream, and sends nothing more before that.
  bool IsClosed();
  CTestClient& Socket() { return m_client; }

 private:
  bool ReceiveSome();

  CTestClient m_client;
  std::string m_received;
};

}  // namespace switchboard
