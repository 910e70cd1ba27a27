#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace switchboard {

class CTestHost;

// What a test asks over HTTP, on a connection of its own.
struct STestHttpRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query, as they are sent
  std::string body = {};
  std::map<std::string, std::string> fields = {};  // beside Host, Connection and Content-Length
};

// What came. Names of fields are in small letters.
struct STestHttpAnswer {
  uint16_t status = 0;
  std::map<std::string, std::string> fields;
  std::string body;
};

// A request that is on its way. Threads: one owner.
class CTestHttpCall {
 public:
  CTestHttpCall(std::shared_ptr<CTestHost> p_host, uint16_t port, const STestHttpRequest& request);
  CTestHttpCall(CTestHttpCall&& other) noexcept;
  CTestHttpCall& operator=(CTestHttpCall&& other) noexcept;
  ~CTestHttpCall();

  // Waits for the answer, and the end of the connection. Throws CTestFailure when it doesn't come in time, or is none.
  STestHttpAnswer Answer();

 private:
  struct SState;
  std::unique_ptr<SState> m_p_state;
};

}  // namespace switchboard
