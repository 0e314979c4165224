#!/usr/bin/env bash
# Gathers all that a bare GPU machine without a network needs to run this project on CUDA 13: a Java runtime, the jars, ONNX Runtime
# with its CUDA provider, the embedded model, the UNet of fixtures/sd15-unet-skeleton, the compiled classes and run-on-gpu.sh.
#
#   bench/gpu/make-kit.sh          writes bench/gpu/kit: pieces of one archive, base.NN, and the project's own, app.00
#   bench/gpu/make-kit.sh app      writes app.00 again, which is all that a change of code or scripts needs
#
# No piece is larger than LIMIT_MIB (60). Where something else is copied together with every piece, SHIPPED_MIB (0) says how much,
# and pieces are smaller by that.
set -euo pipefail
cd "$(dirname "$0")/../.."

LIMIT_MIB=${LIMIT_MIB:-60}
KIT=bench/gpu/kit
ORT=1.24.1
CUDA_BUILD=org.bytedeco:onnxruntime:$ORT-1.5.13:jar:linux-x86_64-gpu
MODULES=java.base,java.desktop,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml,jdk.random,jdk.unsupported,jdk.zipfs
MAVEN=(mvn -q -Derrorprone.arg=-XDnone "-Donnxruntime.version=$ORT" -pl rlcm-examples -am)

shipped=${SHIPPED_MIB:-0}
room=$((LIMIT_MIB - shipped - 1))
if [ "$room" -lt 8 ]; then
    echo "SHIPPED_MIB ($shipped) leaves $room of LIMIT_MIB ($LIMIT_MIB) for a piece, at least 8 are needed" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$KIT"

# Small, and changed most: classes without the models among the resources, the scripts and the network without weights.
app() {
    rm -f "$KIT"/app.*
    "${MAVEN[@]}" process-classes
    mkdir -p "$work/app/classes"
    for module in rlcm-core rlcm-onnx rlcm-rewards rlcm-examples; do
        (cd $module/target/classes && tar -c --exclude=./models --exclude='*.safetensors' .) | tar -x -C "$work/app/classes"
    done
    cp bench/gpu/run-on-gpu.sh bench/gpu/torch_unet.py "$work/app"
    cp -r fixtures/sd15-unet-skeleton "$work/app/skeleton"
    find "$work/app" -name weights.bin -delete
    tar -C "$work" -cz app | split -b "${room}m" -d -a 2 - "$KIT/app."
}

base() {
    rm -f "$KIT"/base.*
    mkdir -p "$work/base/lib" "$work/base/native" "$work/base/models" "$work/jars"
    jlink --add-modules $MODULES --strip-debug --no-header-files --no-man-pages --compress=2 --output "$work/base/java"
    "${MAVEN[@]}" process-classes dependency:copy-dependencies -DincludeScope=runtime \
        -DexcludeGroupIds=dev.rlcm,org.bytedeco -DexcludeArtifactIds=nd4j-native -DoutputDirectory="$work/base/lib"
    mvn -q dependency:copy -Dartifact=$CUDA_BUILD -DoutputDirectory="$work/jars" -Dmdep.overWriteReleases=true

    # Of ONNX Runtime for Java: the classes and the JNI library, which are the same for every build of the runtime itself.
    local java=$work/base/lib/onnxruntime-$ORT.jar tokenizers
    unzip -qj "$java" ai/onnxruntime/native/linux-x64/libonnxruntime4j_jni.so -d "$work/base/native"
    zip -qd "$java" 'ai/onnxruntime/native/*'
    unzip -qj "$work"/jars/onnxruntime-*.jar '*/libonnxruntime.so.1' '*/libonnxruntime_providers_cuda.so' \
        '*/libonnxruntime_providers_shared.so' -d "$work/base/native"
    ln -s libonnxruntime.so.1 "$work/base/native/libonnxruntime.so"

    tokenizers=$(echo "$work"/base/lib/tokenizers-*.jar)
    zip -qd "$tokenizers" 'native/lib/win*' 'native/lib/osx*' 'native/lib/linux-aarch64*'
    cp -r rlcm-examples/src/main/resources/models/emoji-lcm "$work/base/models"
    tar -C "$work" -cz base | split -b "${room}m" -d -a 2 - "$KIT/base."
}

app
[ "${1:-all}" = app ] || base
(cd "$KIT" && sha256sum app.* base.* >SHA256SUMS)
echo "$KIT: $(cd "$KIT" && ls app.* base.* | wc -l) pieces of at most $room MiB, beside $shipped MiB:"
(cd "$KIT" && ls -sh app.* base.*)
