#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_seeds.sh DIR: tiny videos of the kinds that archives hold, as seeds.
set -eu
make() { ffmpeg -v error -y -f lavfi -i testsrc=s=32x16:r=5:d=0.6 -fflags +bitexact -flags:v +bitexact "$@"; }
cd "$1"
make -c:v mjpeg mjpeg.avi
make -c:v ffv1 -pix_fmt bgr0 ffv1.mkv
make -c:v zmbv zmbv.avi
make -c:v mpeg4 mpeg4.mp4
make -c:v libx264 -preset ultrafast h264.mkv
make -c:v libvpx-vp9 -deadline realtime vp9.webm
make -c:v gif anim.gif
make -c:v rawvideo -pix_fmt rgb555le raw.avi
make -c:v msmpeg4v3 old.avi
make -c:v mpeg2video -f mpegts clip.ts
