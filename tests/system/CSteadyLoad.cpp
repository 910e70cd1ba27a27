#include "tests/system/CSteadyLoad.h"

#include <exception>
#include <optional>
#include <string>

#include "net/wire/Wire.h"
#include "tests/support/CTestClient.h"
#include "tests/support/Eventually.h"

namespace switchboard {

namespace {

constexpr int kInFlight = 4;

}  // namespace

CSteadyLoad::CSteadyLoad(uint16_t port, uint16_t echoCode, size_t clients) : m_port(port), m_echoCode(echoCode) {
  for (size_t i = 0; i <= clients; ++i) {
    SClient& client = *m_clients.emplace_back(std::make_unique<SClient>());
    const auto number = static_cast<uint32_t>(i);
    if (i < clients) {
      client.thread = CThread("steady", [this, &client, number] { Stay(client, number); });
    } else {
      client.thread = CThread("anew", [this, &client] { ConnectAnew(client); });
    }
  }
}

CSteadyLoad::~CSteadyLoad() { Stop(); }

void CSteadyLoad::Stop() {
  m_isStopping = true;
  for (const auto& p_client : m_clients) p_client->thread.Join();
}

bool CSteadyLoad::WaitForAnswers(uint64_t more) const {
  const uint64_t answers = m_answers + more;
  const uint64_t newConnections = m_newConnections + more / 20;
  return Eventually([&] { return m_answers >= answers && m_newConnections >= newConnections; });
}

std::string CSteadyLoad::Complaints() const {
  std::string all;
  for (const auto& p_client : m_clients) all += p_client->complaints;
  return all;
}

void CSteadyLoad::Stay(SClient& client, uint32_t number) {
  const std::string text = "steady " + std::to_string(number);
  while (!m_isStopping && client.complaints.empty()) {
    try {
      StayOnce(client, text);
    } catch (const std::exception& error) {
      client.complaints += text + ": " + error.what() + "\n";
    }
  }
}

void CSteadyLoad::StayOnce(SClient& client, const std::string& text) {
  CTestClient connection(m_port);
  int inFlight = 0;
  bool isGoing = false;
  while (true) {
    isGoing = isGoing || m_isStopping;
    while (!isGoing && inFlight < kInFlight) {
      if (!connection.SendFrame(m_echoCode, text)) {
        client.complaints += text + ": nothing can be sent\n";
        return;
      }
      ++inFlight;
    }
    if (inFlight == 0) return;
    const std::optional<SReceivedFrame> frame = connection.ReceiveFrame();
    if (!frame) {
      client.complaints += text + ": " + std::to_string(inFlight) + " requests are lost\n";
      return;
    }
    if (frame->msgCode == kGoAwayCode) {
      ++m_goAways;
      isGoing = true;
    } else if (frame->msgCode != m_echoCode || frame->Text() != text) {
      client.complaints += text + ": msgCode " + std::to_string(frame->msgCode) + " came back\n";
      return;
    } else {
      --inFlight;
      ++m_answers;
    }
  }
}

void CSteadyLoad::ConnectAnew(SClient& client) {
  while (!m_isStopping) {
    try {
      CTestClient connection(m_port);
      std::optional<SReceivedFrame> frame;
      if (connection.SendFrame(m_echoCode, "anew")) frame = connection.ReceiveFrame();
      if (frame && frame->msgCode == kGoAwayCode) frame = connection.ReceiveFrame();
      if (!frame || frame->Text() != "anew") client.complaints += "anew: no answer\n";
      ++m_newConnections;
    } catch (const std::exception& error) {
      client.complaints += std::string("anew: ") + error.what() + "\n";
    }
  }
}

}  // namespace switchboard
