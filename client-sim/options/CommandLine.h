// What the commands of the program share in reading their command lines.
#pragma once

#include <CLI/CLI.hpp>
#include <stdexcept>
#include <string>

namespace switchboard::sim {

// Lets CLI11 check a text with a function that throws std::invalid_argument.
template <typename Reader>
CLI::Validator Readable(Reader read) {
  return CLI::Validator(
      [read](std::string& text) -> std::string {
        try {
          read(text);
          return {};
        } catch (const std::invalid_argument& error) {
          return error.what();  // CLI11's answer to a bad value is a non-empty string
        }
      },
      "");
}

// An option whose text `read` turns into the value of `target`, or refuses by std::invalid_argument. `type` is what the
// help calls the value.
template <typename Value, typename Reader>
CLI::Option* AddRead(CLI::App& app, const char* p_name, Value& target, Reader read, const char* p_meaning,
                     const char* p_type) {
  return app
      .add_option_function<std::string>(
          p_name, [&target, read](const std::string& text) { target = read(text); }, p_meaning)
      ->check(Readable(read))
      ->type_name(p_type);
}

// Parses, with a help that has one line for each option. Returns true if the command is to run; else `exitCode` says
// how to end.
bool Parse(CLI::App& app, int argc, char** argv, int& exitCode);

}  // namespace switchboard::sim
