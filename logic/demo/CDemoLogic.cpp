#include "logic/demo/CDemoLogic.h"

#include <optional>
#include <string_view>

#include "logic/MsgCode.h"
#include "logic/demo/DemoMessages.h"
#include "logic/transfer/CFileTransfer.h"

namespace switchboard {

namespace {

bool Answer(CRequest& request, EDemoResult result) {
  SResultBody body;
  body.result = static_cast<int32_t>(result);
  return request.Reply(body);
}

}  // namespace

CDemoLogic::CDemoLogic() {
  On(kPing, &CDemoLogic::HandlePing, Run::kInline);
  On(kRegister, &CDemoLogic::HandleRegister, Run::kBlocking);
  On(kLogin, &CDemoLogic::HandleLogin, Run::kBlocking);
  On(kEcho, &CDemoLogic::HandleEcho);
  Use<CFileTransfer>(kFirstTransferCode);
}

void CDemoLogic::OnWorkerStart() {
  SAccountStoreOptions options;
  options.p_log = &LimitedLog();
  m_p_accounts = std::make_unique<CAccountStore>("accounts.db", options);
}

bool CDemoLogic::HandlePing(CRequest& request) { return request.Reply(); }

bool CDemoLogic::HandleRegister(CRequest& request) {
  const auto* p_body = request.Body<SRegisterBody>();
  if (p_body == nullptr) return false;
  const std::optional<std::string_view> username = TextField(p_body->username);
  const std::optional<std::string_view> password = TextField(p_body->password);
  if (!username || !password) return Answer(request, EDemoResult::kBadField);
  return Answer(request, m_p_accounts->Register(*username, *password, p_body->type));
}

bool CDemoLogic::HandleLogin(CRequest& request) {
  const auto* p_body = request.Body<SLoginBody>();
  if (p_body == nullptr) return false;
  const std::optional<std::string_view> username = TextField(p_body->username);
  const std::optional<std::string_view> password = TextField(p_body->password);
  if (!username || !password) return Answer(request, EDemoResult::kBadField);
  return Answer(request, m_p_accounts->Login(*username, *password));
}

bool CDemoLogic::HandleEcho(CRequest& request) { return request.Reply(request.Body()); }

}  // namespace switchboard
