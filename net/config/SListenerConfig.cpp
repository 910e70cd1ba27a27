#include "net/config/SListenerConfig.h"

#include <arpa/inet.h>

#include <array>
#include <cstddef>

#include "misc/config/CConfigSchema.h"

namespace switchboard {

namespace {

bool IsNumericAddress(const std::string& text) {
  std::array<std::byte, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

}  // namespace

void SListenerConfig::Describe(CConfigSchema& schema) {
  using L = SListenerConfig;
  auto listener = schema.List<L>("listener", "an address, and what is spoken there; without any there is one");
  listener.Text("address", &L::address, "a numeric IPv4 or IPv6 address", "\"::\" is all of IPv6", &IsNumericAddress)
      .Number("port", &L::port, {0, 65535, "(0: any free port)"}, "TCP port; the one key that a listener must have")
      .Required()
      .OneOf("protocol", &L::protocol, {{"packet", EListenerProtocol::kPacket}, {"http", EListenerProtocol::kHttp}},
             "the binary protocol; or files and routes over HTTP/1.1")
      .OneOf("accept", &L::accept,
             {{"reuseport", EAcceptMode::kReusePort},
              {"mutex", EAcceptMode::kMutex},
              {"dispatch", EAcceptMode::kDispatch}},
             "a queue for each worker; one for all of them; or the master accepts")
      .Number("backlog", &L::backlog, {1, 65535, "connections"}, "that wait to be accepted")
      .Text("name", &L::name, "a name, or \"\"", "what handlers that are bound to this listener call it")
      .Seconds("silence_s", &L::silence, 0, 86400,
               "that a client of the packet protocol may be silent; 0: as [heartbeat] says")
      .Text("root", &L::root, "a directory", "of the files; \"\": routes only; from here on: only with \"http\"");
  SHttpConfig::Describe(listener.Of(&L::http));
}

}  // namespace switchboard
