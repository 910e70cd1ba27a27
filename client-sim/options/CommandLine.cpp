#include "client-sim/options/CommandLine.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "client-sim/options/COptions.h"

namespace switchboard::sim {
namespace {

// One line for each option: its name, what it takes, what it does, and the default.
// Threads: one.
class CBriefHelp : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* p_option, bool isPositional) const override {
    std::string line = "  " + make_option_name(p_option, isPositional);
    // What a check says about itself stands behind a colon; its errors say the same when it matters.
    std::string type = p_option->get_type_size() == 0 ? "" : " " + p_option->get_type_name();
    if (const size_t colon = type.find(':'); !type.starts_with(" HOST:")) type.resize(std::min(colon, type.size()));
    line += type;
    const std::string value = p_option->get_default_str();
    const std::string remark = value.empty() || value == "0" || value == "\"\"" ? "" : " (" + value + ")";
    const auto columns = static_cast<size_t>(
        std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
    line.append(columns < kColumn ? kColumn - columns : 1, ' ');
    return line + p_option->get_description() + remark + "\n";
  }

 private:
  static constexpr size_t kColumn = 28;
};

}  // namespace

bool Parse(CLI::App& app, int argc, char** argv, int& exitCode) {
  app.formatter(std::make_shared<CBriefHelp>());
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::RequiredError& error) {
    // A word that was mistyped is why another is missing.
    const std::vector<std::string> unknown = app.remaining();
    exitCode = kExitUsage;
    if (unknown.empty()) {
      app.exit(error);
    } else {
      app.exit(CLI::ExtrasError(unknown));
    }
    return false;
  } catch (const CLI::ParseError& error) {
    exitCode = app.exit(error) == 0 ? kExitOk : kExitUsage;
    return false;
  }
}

}  // namespace switchboard::sim
