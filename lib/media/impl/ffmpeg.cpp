// SPDX-License-Identifier: Apache-2.0
#include "media/impl/ffmpeg.hpp"

#include <array>
#include <cstdarg>
#include <mutex>
#include <utility>

extern "C" {
#include <libavutil/log.h>
}

namespace rescue::media {
namespace {
std::mutex g_mutex;
std::string g_last_message;  // FFmpeg logs from its worker threads, too

void keep_last_error(void* source, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  std::array<char, 512> line{};
  int print_prefix = 1;
  av_log_format_line2(source, level, format, arguments, line.data(), static_cast<int>(line.size()), &print_prefix);
  std::string text = line.data();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::lock_guard lock(g_mutex);
  g_last_message = std::move(text);
}
}  // namespace

void capture_ffmpeg_log() {
  av_log_set_callback(keep_last_error);
  const std::lock_guard lock(g_mutex);
  g_last_message.clear();
}

std::string take_ffmpeg_message() {
  const std::lock_guard lock(g_mutex);
  return std::exchange(g_last_message, {});
}

base::Error ffmpeg_error(int code, std::string context) {
  for (const int known : {ENOSPC, EDQUOT, EIO, EACCES, ENOENT, EFBIG}) {
    if (code == AVERROR(known)) return base::errno_error(std::move(context), known);
  }
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  context += ": ";
  context += text.data();
  const std::lock_guard lock(g_mutex);
  if (!g_last_message.empty()) context += " (" + g_last_message + ")";
  return {base::Errc::internal, std::move(context)};
}

}  // namespace rescue::media
