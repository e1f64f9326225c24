// SPDX-License-Identifier: Apache-2.0
#include "applet/core/script_frames.hpp"

namespace rescue::applet {
namespace {
constexpr std::size_t kHeader = 5;

void put(base::ByteWriter& w, std::string_view text) {
  w.u32(static_cast<std::uint32_t>(text.size()));
  w.bytes(base::as_bytes(text));
}
std::optional<std::string> get(base::ByteReader& r) {
  const auto n = r.u32();
  const auto bytes = n ? r.take(*n) : std::nullopt;
  if (!bytes) return std::nullopt;
  return std::string(base::as_text(*bytes));
}
}  // namespace

base::Bytes guard_frame(GuardFrame type, base::ByteView payload) {
  base::ByteWriter w;
  w.u8(static_cast<std::uint8_t>(type));
  w.u32(static_cast<std::uint32_t>(payload.size()));
  w.bytes(payload);
  return std::move(w).take();
}

base::Bytes write_job(const ScriptJob& job) {
  base::ByteWriter w;
  w.u64(static_cast<std::uint64_t>(job.timeout.count()));
  put(w, job.interpreter);
  put(w, job.text);
  w.u32(static_cast<std::uint32_t>(job.arguments.size()));
  for (const auto& a : job.arguments) put(w, a);
  return std::move(w).take();
}

std::optional<ScriptJob> read_job(base::ByteView payload) {
  base::ByteReader r(payload);
  ScriptJob job;
  const auto seconds = r.u64();
  auto interpreter = get(r);
  auto text = get(r);
  const auto count = r.u32();
  if (!seconds || !interpreter || !text || !count) return std::nullopt;
  job.timeout = std::chrono::seconds(*seconds);
  job.interpreter = std::move(*interpreter);
  job.text = std::move(*text);
  for (std::uint32_t i = 0; i < *count; ++i) {
    auto a = get(r);
    if (!a) return std::nullopt;
    job.arguments.push_back(std::move(*a));
  }
  if (!r.empty()) return std::nullopt;
  return job;
}

base::Bytes write_end(const ScriptEnd& end) {
  base::ByteWriter w;
  w.u8(static_cast<std::uint8_t>(end.how));
  w.u32(static_cast<std::uint32_t>(end.exit_code));
  w.u32(static_cast<std::uint32_t>(end.signal));
  w.u64(end.dropped);
  put(w, end.detail);
  return std::move(w).take();
}

std::optional<ScriptEnd> read_end(base::ByteView payload) {
  base::ByteReader r(payload);
  const auto how = r.u8();
  const auto code = r.u32(), signal = r.u32();
  const auto dropped = r.u64();
  auto detail = get(r);
  if (!how || *how > static_cast<std::uint8_t>(ScriptEnd::How::failed) || !detail || !r.empty()) return std::nullopt;
  ScriptEnd end;
  end.how = static_cast<ScriptEnd::How>(*how);
  end.exit_code = static_cast<int>(*code);
  end.signal = static_cast<int>(*signal);
  end.dropped = *dropped;
  end.detail = std::move(*detail);
  return end;
}

std::optional<std::size_t> GuardFrames::whole() const {
  base::ByteReader r(pending_);
  const auto type = r.u8();
  const auto length = r.u32();
  if (!type || !length || r.left() < *length) return std::nullopt;
  return *length;
}

std::optional<GuardFrame> GuardFrames::peek() const {
  if (!whole()) return std::nullopt;
  return static_cast<GuardFrame>(pending_[0]);
}

std::optional<GuardFrames::Frame> GuardFrames::next() {
  base::ByteReader r(pending_);
  const auto type = r.u8();
  const auto length = r.u32();
  if (type && length && *length > kGuardFrameMax) broken_ = true;
  const auto size = whole();
  if (!size || broken_) return std::nullopt;
  Frame frame;
  frame.type = static_cast<GuardFrame>(pending_[0]);
  frame.payload = base::to_bytes(base::ByteView(pending_).subspan(kHeader, *size));
  drop(kHeader + *size);
  return frame;
}

}  // namespace rescue::applet
