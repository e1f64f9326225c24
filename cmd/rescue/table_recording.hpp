// SPDX-License-Identifier: Apache-2.0
// The flag table of `rescue recording`.
#pragma once

#include "cli/flags.hpp"

namespace rescue::program {

using cli::ValueType;

inline constexpr cli::Positional kRecording[] = {
    {.name = "FILE", .help = "a recording (rcrec)", .type = ValueType::path}};
inline constexpr cli::Positional kRecordings[] = {
    {.name = "FILE", .help = "a recording (rcrec)", .type = ValueType::path, .repeated = true}};
inline constexpr cli::Positional kConvertInputs[] = {
    {.name = "FILE", .help = "a recording (rcrec), or a folder of them", .type = ValueType::path, .repeated = true}};
inline constexpr cli::Flag kKeyFlag = {.name = "key",
                                       .type = ValueType::path,
                                       .value = "FILE",
                                       .help = "private key (PEM) that opens encrypted recordings",
                                       .repeated = true};
inline constexpr cli::Flag kKeyOnly[] = {kKeyFlag};
inline constexpr cli::Flag kKeygen[] = {{.name = "out",
                                         .letter = 'o',
                                         .type = ValueType::path,
                                         .value = "FILE",
                                         .help = "the private key; the public one goes to FILE.pub",
                                         .required = true}};
inline constexpr cli::Example kKeygenExamples[] = {
    {"rescue recording keygen -o auditor.key", "A pair of keys: auditor.key stays with the auditor."},
    {"openssl genpkey -algorithm X25519 -out a.key && openssl pkey -in a.key -pubout -out a.key.pub",
     "The same with OpenSSL."},
};
inline constexpr cli::Flag kRepair[] = {
    {.name = "out",
     .letter = 'o',
     .type = ValueType::path,
     .value = "FILE",
     .help = "the repaired copy",
     .required = true},
    kKeyFlag,
};
inline constexpr cli::Flag kFrames[] = {
    {.name = "out",
     .letter = 'o',
     .type = ValueType::directory,
     .value = "DIR",
     .help = "folder for the pictures",
     .required = true},
    {.name = "at",
     .type = ValueType::duration,
     .value = "TIME",
     .help = "the picture at this time from the start",
     .repeated = true},
    {.name = "every", .type = ValueType::duration, .value = "TIME", .help = "a picture each TIME"},
    kKeyFlag,
};
inline constexpr std::string_view kSubtitles[] = {"none", "beside", "inside"};
inline constexpr cli::Flag kOverlayFlag = {
    .name = "overlay",
    .type = ValueType::text,
    .value = "PARTS",
    .help = "draw into the picture what PARTS names, separated by commas: chat, events, clock"};
inline constexpr std::string_view kCodecs[] = {"h264", "mpeg4", "zmbv", "vp9", "ffv1", "mjpeg"};
inline constexpr cli::Flag kConvert[] = {
    {.name = "out",
     .letter = 'o',
     .type = ValueType::path,
     .value = "FILE",
     .help = "the video (.avi, .mkv, .mp4 or .webm), a folder for one video of each recording, or - for Matroska on "
             "standard output",
     .required = true},
    {.name = "codec",
     .type = ValueType::choice,
     .value = "NAME",
     .help = "video codec; without it h264, for WebM vp9",
     .choices = kCodecs},
    {.name = "fps",
     .type = ValueType::text,
     .value = "N",
     .help = "pictures per second, 1 to 60, or vfr: one where something changes (not AVI)",
     .fallback = "15"},
    {.name = "from",
     .type = ValueType::duration,
     .value = "TIME",
     .help = "begin at this time of the recordings one after the other"},
    {.name = "to", .type = ValueType::duration, .value = "TIME", .help = "end at this time"},
    {.name = "size", .type = ValueType::text, .value = "WxH", .help = "size of the video; the picture keeps its shape"},
    kOverlayFlag,
    {.name = "subtitles",
     .type = ValueType::choice,
     .value = "WHERE",
     .help = "chat and events as subtitles: beside the video (FILE.srt) or inside (not AVI)",
     .fallback = "none",
     .choices = kSubtitles},
    {.name = "jobs",
     .type = ValueType::integer,
     .value = "N",
     .help = "work on N things at a time: parts of one recording, or recordings of a folder; without it as many as suit "
             "the processors. The videos are the same"},
    {.name = "no-cursor", .help = "leave the mouse pointer out"},
    {.name = "sidecars", .help = "also write chat and events to FILE.srt and FILE.events.jsonl"},
    {.name = "force", .help = "replace existing files"},
    {.name = "skip-existing", .help = "for a folder: leave videos alone that are there, to go on with what was interrupted"},
    kKeyFlag,
};
inline constexpr cli::Example kConvertExamples[] = {
    {"rescue recording convert session.rcrec -o session.avi", "One recording."},
    {"rescue recording convert part1.rcrec part2.rcrec -o visit.avi",
     "Two recordings, one after the other in one video."},
    {"rescue recording convert archive/ -o videos/",
     "Each below archive/ to a file of its name and place below videos/."},
    {"rescue recording convert a.rcrec -o a.mp4 --overlay chat,clock --subtitles inside",
     "With chat and the time of day in the picture, and chat and events as subtitles."},
    {"rescue recording convert a.rcrec -o - | ffplay -", "To any program that reads Matroska."},
    {"rescue recording convert a.rcrec --from 2m --to 150s -o part.mkv --fps vfr", "Half a minute of it, as it was."},
};
inline constexpr cli::Flag kPlay[] = {
    {.name = "from",
     .type = ValueType::duration,
     .value = "TIME",
     .help = "begin at this time of the recordings one after the other"},
    {.name = "to", .type = ValueType::duration, .value = "TIME", .help = "end at this time"},
    {.name = "speed", .type = ValueType::text, .value = "X", .help = "as many times as fast, 0.1 to 100", .fallback = "1"},
    {.name = "player",
     .type = ValueType::text,
     .value = "PROGRAM",
     .help = "mpv, ffplay, vlc, or any program that plays Matroska from its standard input; without it the first of "
             "these in PATH",
     .env = "RESCUE_PLAYER"},
    kOverlayFlag,
    {.name = "no-cursor", .help = "leave the mouse pointer out"},
    kKeyFlag,
};
inline constexpr cli::Example kPlayExamples[] = {
    {"rescue recording play session.rcrec", "In a window; chat and events are subtitles."},
    {"rescue recording play session.rcrec --from 12m --speed 4 --overlay clock", "Quickly through the end of it."},
};
inline constexpr cli::Positional kVideo[] = {
    {.name = "VIDEO", .help = "any video that FFmpeg reads", .type = ValueType::path}};
inline constexpr cli::Flag kImport[] = {{.name = "out",
                                         .letter = 'o',
                                         .type = ValueType::path,
                                         .value = "FILE",
                                         .help = "the recording; it must not exist",
                                         .required = true}};
inline constexpr cli::Example kImportExamples[] = {
    {"rescue recording import old.avi -o old.rcrec", "An old recording, smaller and exact."}};
inline constexpr cli::Command kRecordingCommands[] = {
    {.name = "keygen",
     .summary = "make keys for encrypted recordings",
     .description =
         "The private key (PKCS#8 PEM, X25519) is readable by its owner alone and replaces no file. Recordings that are "
         "encrypted for the public key can be opened with the private one only, not by those who made them: keep "
         "copies of it in a safe place.",
     .flags = kKeygen,
     .examples = kKeygenExamples},
    {.name = "info",
     .summary = "show what is in recordings",
     .description =
         "JSON has more than the table: bytes and bytes per minute of each kind of chunk (\"kinds\"), the sizes of the "
         "display, and the share of the screen packets, and of the time, with a picture that is exact to the pixel "
         "(\"exact_share\", \"exact_time_share\"). Of an encrypted recording without its key only what is readable is "
         "shown: times, sizes, kinds of chunks and the ids of the recipients' keys.",
     .flags = kKeyOnly,
     .positionals = kRecordings},
    {.name = "verify",
     .summary = "check every byte of recordings",
     .description =
         "Exit code 0 when all are intact, 10 when one is damaged, 3 when one was not finished (its recorder was "
         "killed, or its end was cut off) and none is damaged. Without the key of an encrypted recording its checksums "
         "and chain are checked and the content is not read; with it also every seal, which nobody but the recorder "
         "can make. With keys that are of no recipient the exit code is 5.",
     .flags = kKeyOnly,
     .positionals = kRecordings},
    {.name = "repair",
     .summary = "make a whole copy of a damaged recording",
     .description = "Encrypted recordings need no key; with it, chunks with a wrong seal are left out too.",
     .flags = kRepair,
     .positionals = kRecording},
    {.name = "frames", .summary = "take pictures (PNG) from a recording", .flags = kFrames, .positionals = kRecording},
    {.name = "events",
     .summary = "list chat and events of a recording",
     .flags = kKeyOnly,
     .positionals = kRecording},
    {.name = "convert",
     .summary = "make a video from recordings",
     .description =
         "Runs the helper rescue-media, which is looked for beside this program, in its libexec folder and in "
         "PATH. On these commands -o names the file; the format of listings is --output. Into a folder each "
         "recording becomes a video of its own (.avi; .mkv with --fps vfr, .webm with vp9), also those below folders "
         "that are named; one that fails does not stop the others, and at the end a summary tells how many are done, "
         "partial and failed, the bytes and the speed (in JSON a last object with the key \"summary\"). Exit code 3 "
         "when parts or single videos are missing: the places are told.",
     .flags = kConvert,
     .positionals = kConvertInputs,
     .examples = kConvertExamples},
    {.name = "play",
     .summary = "show recordings in a player",
     .description =
         "Converts on the fly and pipes the video to mpv, ffplay or vlc; their keys work (space pauses, q ends; mpv goes "
         "back in what was shown). On a text console mpv draws with characters. Several recordings follow one another. "
         "Exit code 3 when damaged parts of a recording were not shown.",
     .flags = kPlay,
     .positionals = kRecordings,
     .examples = kPlayExamples},
    {.name = "import",
     .summary = "make a recording from a video",
     .description =
         "Exact to the pixel as FFmpeg decodes it, without sound. Runs rescue-media. Exit code 3 when the video is "
         "damaged; what can be decoded is kept.",
     .flags = kImport,
     .positionals = kVideo,
     .examples = kImportExamples},
};

}  // namespace rescue::program
