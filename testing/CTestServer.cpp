#include "testing/CTestServer.h"

#include "testing/CTestHost.h"

namespace switchboard {

CTestServerBase::CTestServerBase(const std::vector<std::string>& settings, const Factory& factory,
                                 const Describe& describe)
    : m_p_host(std::make_shared<CTestHost>(settings, factory, describe)) {}

// Sessions that live longer have the rest of it.
CTestServerBase::~CTestServerBase() { m_p_host->Stop(EStopMode::kFast); }

CTestSession CTestServerBase::Connect(std::string_view listener) {
  return {m_p_host, m_p_host->PortOf(listener, EListenerProtocol::kPacket)};
}

CTestHttpCall CTestServerBase::BeginHttp(const STestHttpRequest& request, std::string_view listener) {
  return {m_p_host, m_p_host->PortOf(listener, EListenerProtocol::kHttp), request};
}

void CTestServerBase::Advance(std::chrono::nanoseconds by) { m_p_host->Advance(by); }
void CTestServerBase::Settle() { m_p_host->Settle(); }
void CTestServerBase::Crash() { m_p_host->Crash(); }
void CTestServerBase::Stop() { m_p_host->Stop(EStopMode::kGraceful); }
uint32_t CTestServerBase::Process() const { return m_p_host->Process(); }
uint64_t CTestServerBase::Count(std::string_view counter) const { return m_p_host->Count(counter); }
std::string CTestServerBase::Log() const { return m_p_host->Log(); }
void CTestServerBase::SetPatience(std::chrono::milliseconds patience) { m_p_host->SetPatience(patience); }
CLogic& CTestServerBase::Current() { return m_p_host->Worker().Logic(); }

}  // namespace switchboard
