// SPDX-License-Identifier: Apache-2.0
#include "wire/dump.hpp"

#include <set>

namespace rescue::wire {
namespace {

/// Fields that are shown by their length alone: secrets, and payloads that no person reads.
const std::set<std::string, std::less<>> kRedactedFields{"guid", "ticket", "possession"};
constexpr std::size_t kMaxShownElements = 40;

/// flatbuffers' own printer, with redaction and with long vectors cut.
class Printer final : public flatbuffers::ToStringVisitor {
 public:
  Printer() : ToStringVisitor(" ", false, "", true) {}

  void Field(std::size_t index, std::size_t set, flatbuffers::ElementaryType type, bool is_vector,
             const flatbuffers::TypeTable* table, const char* name, const std::uint8_t* value) override {
    redacted_ = name != nullptr && is_vector && kRedactedFields.contains(name);
    ToStringVisitor::Field(index, set, type, is_vector, table, name, value);
  }
  void StartVector() override {
    ToStringVisitor::StartVector();
    shown_ = 0;
  }
  void EndVector() override {
    if (shown_ > kMaxShownElements || redacted_) s += fmt::format("…{} elements", shown_);
    redacted_ = false;
    ToStringVisitor::EndVector();
  }
  void Element(std::size_t i, flatbuffers::ElementaryType type, const flatbuffers::TypeTable* table,
               const std::uint8_t* value) override {
    ++shown_;
    if (!hidden()) ToStringVisitor::Element(i, type, table, value);
  }
  void UChar(std::uint8_t x, const char* name) override {
    if (hidden()) return;
    if (name == nullptr && shown_ > 0)
      s += fmt::format("{:02x}", x);
    else
      ToStringVisitor::UChar(x, name);
  }

 private:
  [[nodiscard]] bool hidden() const { return shown_ > 0 && (redacted_ || shown_ > kMaxShownElements); }
  bool redacted_ = false;
  std::size_t shown_ = 0;
};

}  // namespace

std::string dump(base::ByteView buffer, const flatbuffers::TypeTable* table) {
  Printer printer;
  flatbuffers::IterateFlatBuffer(buffer.data(), table, &printer);
  return printer.s;
}

}  // namespace rescue::wire
