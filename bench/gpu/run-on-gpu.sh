#!/usr/bin/env bash
# Runs the kit of make-kit.sh on a bare machine: needs no network, no Java and no root, and nothing else of the repository.
#
#   run-on-gpu.sh keep DIR               keeps the pieces that are in DIR, once for each piece that arrives, or all at once
#   run-on-gpu.sh run [--device cuda] [--results DIR] [STEP...]
#                                        unpacks, runs the steps (default: all) and prints one table; --device cpu tries the kit
#   run-on-gpu.sh steps                  lists the steps and their time limits
#
# Every step has a time limit of its own, and goes on where another has failed. LIMITS=2 doubles the limits, on a CPU they are
# half, but for PyTorch. KIT_HOME (~/rlcm-kit) is where pieces are kept and unpacked; the weights of the full-size UNet (3.4 GB) are written there too.
set -uo pipefail

KIT_HOME=${KIT_HOME:-$HOME/rlcm-kit}
LIMITS=${LIMITS:-1}
DEVICE=${DEVICE:-cuda}
RESULTS=${RESULTS:-$KIT_HOME/results}
SELF=$(realpath "$0")
NEEDED="libcudart.so.13 libcublas.so.13 libcublasLt.so.13 libcufft.so.12 libcudnn.so.9"
STEPS="compare compare-unet train train-2-cores benchmark unet-float32 unet-float16 unet-bfloat16 pytorch forms profile"

die() {
    echo "error: $*" >&2
    exit 1
}

limit() { # seconds
    local seconds
    case $1 in
        compare | train | train-2-cores | benchmark) seconds=100 ;;
        compare-unet) seconds=150 ;;
        forms) seconds=180 ;;
        profile) seconds=80 ;;
        unet-* | pytorch) seconds=120 ;;
        *) die "unknown step $1; there are $STEPS" ;;
    esac
    [ "$DEVICE" = cpu ] && [ "$1" != pytorch ] && seconds=$((seconds / 2))
    awk "BEGIN { print int($seconds * $LIMITS) }"
}

keep() {
    mkdir -p "$KIT_HOME/pieces"
    cp "$1"/SHA256SUMS "$KIT_HOME/pieces/" || die "no SHA256SUMS in $1"
    for piece in "$1"/app.* "$1"/base.*; do
        [ -f "$piece" ] && cp "$piece" "$KIT_HOME/pieces/"
    done
    (cd "$KIT_HOME/pieces" && sha256sum -c SHA256SUMS 2>/dev/null | grep -v OK$)
    echo "kept in $KIT_HOME/pieces: $(cd "$KIT_HOME/pieces" && echo app.* base.*)"
}

unpack() {
    cd "$KIT_HOME/pieces" || die "no pieces in $KIT_HOME; run keep first"
    sha256sum --quiet -c SHA256SUMS || die "pieces are missing or damaged; keep them again"
    rm -rf "$KIT_HOME/app/classes"
    cat app.* | tar -xz -C "$KIT_HOME" || die "cannot unpack app"
    if ! cmp -s <(grep base SHA256SUMS) "$KIT_HOME/unpacked"; then
        rm -rf "$KIT_HOME/base"
        cat base.* | tar -xz -C "$KIT_HOME" || die "cannot unpack base"
        grep base SHA256SUMS >"$KIT_HOME/unpacked"
    fi
    cd "$KIT_HOME" || exit
}

# Prints the folders that hold CUDA's libraries: the system's, CUDA's own and those of Python's packages.
cuda_folders() {
    local roots=(/usr/local/cuda*/lib64 /usr/local/cuda*/targets/*/lib /usr/lib/x86_64-linux-gnu /usr/local/nvidia) python
    for python in python3 /usr/bin/python3; do
        while IFS= read -r root; do roots+=("$root"); done < <(
            "$python" -c 'import nvidia; print(*nvidia.__path__, sep="\n")' 2>/dev/null
        )
    done
    for library in $NEEDED; do
        find "${roots[@]}" -name "$library" -printf '%h\n' 2>/dev/null | head -1
    done | sort -u
}

prepare_cuda() {
    local folders library
    folders=$(cuda_folders)
    for library in $NEEDED; do
        # shellcheck disable=SC2086
        [ -n "$folders" ] && find $folders -name "$library" 2>/dev/null | grep -q . || echo "warning: $library is nowhere"
    done
    echo "CUDA's libraries: $(echo "$folders" | paste -sd' ')"
    nvidia-smi --query-gpu=name,driver_version,memory.total,memory.used --format=csv,noheader || echo "warning: no nvidia-smi"
    export LD_LIBRARY_PATH=$KIT_HOME/base/native:$(echo "$folders" | paste -sd:):${LD_LIBRARY_PATH:-}
}

java() { # a main and its arguments
    local memory
    memory=$(awk '/MemAvailable/ { print int($2 / 1024 / 1024) }' /proc/meminfo)
    "$KIT_HOME/base/java/bin/java" -Xmx$((memory / 6 + 1))g -XX:MaxDirectMemorySize=$((memory / 2 + 1))g \
        -Djava.awt.headless=true -Donnxruntime.native.path="$KIT_HOME/base/native" \
        -cp "$KIT_HOME/app/classes:$KIT_HOME/base/lib/*" "dev.rlcm.examples.$@"
}

python_with_torch() {
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import torch' 2>/dev/null && echo "$python" && return
    done
    echo "no python3 here has PyTorch" >&2
    return 1
}

step() {
    local lcm=$KIT_HOME/base/models/emoji-lcm unet=$KIT_HOME/app/skeleton sizes=sd15 rows=1,4,8 seconds=4 profiled=8 epochs=3
    local wide=(--rank 16 --memory BALANCED) formed=()
    if [ "$DEVICE" = cpu ]; then
        unet=$unet/quarter sizes=quarter rows=2 seconds=2 profiled=2 epochs=1
        formed=(--repeats 1 --only "default,no attention")
    fi
    case $1 in
        compare) java bench.CompareDevices --model "$lcm" --device "$DEVICE" --epochs $epochs ;;
        compare-unet)
            java bench.CompareDevices --model "$unet" --device "$DEVICE" --rows "${rows%%,*}" --rank 16
            ;;
        train)
            java Train --model "$lcm" --device "$DEVICE" --epochs $((3 * epochs)) --output "$RESULTS/train"
            ;;
        train-2-cores)
            taskset -c 0,1 "$SELF" internal-java Train --model "$lcm" --device cpu --epochs 3 --output "$RESULTS/train-2-cores"
            ;;
        benchmark)
            java bench.Benchmark --model "$lcm" --device "$DEVICE" --rows 16 --repeats 4 --results "$RESULTS/results.csv"
            ;;
        unet-*)
            java bench.FullSizeBenchmark --skeleton "$unet" --device "$DEVICE" --precision "${1#unet-}" --rows $rows --steps 3 \
                "${wide[@]}" --results "$RESULTS/results.csv"
            ;;
        pytorch)
            local python precisions=float32,float16,bfloat16
            [ "$DEVICE" = cpu ] && precisions=float32
            python=$(python_with_torch) || return
            "$python" "$KIT_HOME/app/torch_unet.py" bench --sizes $sizes --device "${DEVICE%%:*}" --precision $precisions \
                --rows $rows --seconds $seconds --results "$RESULTS/results.csv"
            ;;
        forms)
            # Whether all forms together compute the same, then what each is worth.
            java bench.CompareDevices --model "$lcm" --device "$DEVICE" --cuda-forms all --channels-last \
                --variants FLOAT32,FLOAT16 --epochs 0
            local compared=$?
            java bench.CompareForms --skeleton "$unet" --device "$DEVICE" --precision float16 --rows $profiled \
                --seconds $(($(limit forms) - 40)) "${formed[@]}" && return $compared
            ;;
        profile)
            java bench.FullSizeBenchmark --skeleton "$unet" --device "$DEVICE" --precision float16 --rows $profiled --steps 3 \
                --rounds 1 "${wide[@]}" --profile "$RESULTS/profile" || return
            # The update's is the one that is written last, the sampler's the one before.
            local profile
            for profile in $(ls -t "$RESULTS"/profile*.json | head -2); do
                echo "the ten slowest operators of $(basename "$profile")"
                java bench.SlowestOperators --count 10 "$profile"
            done
            ;;
    esac
}

run_step() {
    local name=$1 log=$RESULTS/$1.log start=$SECONDS seconds status
    seconds=$(limit "$name")
    echo "== $name (at most $seconds s)"
    timeout -k 10 "$seconds" "$SELF" internal-step "$name" >"$log" 2>&1
    status=$?
    tail -n 45 "$log" | cut -c1-150
    case $status in
        0) status=done ;;
        124 | 137) status="stopped at its limit" ;;
        *) status="failed ($status)" ;;
    esac
    touch "$RESULTS/steps.txt"
    sed -i "/^$name /d" "$RESULTS/steps.txt"
    printf '%-15s %-22s %4d s\n' "$name" "$status" $((SECONDS - start)) >>"$RESULTS/steps.txt"
}

# Mean duration of a training's epochs but the first, which compiles; nothing if it was not run.
epoch_seconds() {
    [ -f "$RESULTS/$1/metrics.csv" ] && awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == "total_s") c = i; next }
        NR > 2 { sum += $c; n++ }
        END { if (n) printf "%.2f", sum / n }' "$RESULTS/$1/metrics.csv"
}

# Forward passes and updates of both programs, by network, precision and rows.
table() {
    echo "== steps"
    cat "$RESULTS/steps.txt"
    for run in train train-2-cores; do
        [ -f "$RESULTS/$run/metrics.csv" ] && echo "$run: $(epoch_seconds $run) s an epoch, after the first"
    done
    awk -v slow="$(epoch_seconds train-2-cores)" -v fast="$(epoch_seconds train)" 'BEGIN { if (slow && fast)
        printf "goal: %-50s %s, %.1f\n", "an epoch 5 times faster than on 2 cores",
               (slow >= 5 * fast ? "reached" : "missed"), slow / fast }'
    [ -f "$RESULTS/results.csv" ] || return
    echo "== best times in ms, memory in GB (of the device, on a CPU of the process); ratios: PyTorch / RLCM"
    awk -F, '
        BEGIN { printf "%-9s %-9s %4s | %9s %9s %5s | %9s %9s %5s | %7s %7s\n", "network", "precision", "rows",
                       "forward", "PyTorch", "ratio", "update", "PyTorch", "ratio", "memory", "PyTorch" }
        FNR > 1 { key = sprintf("%-9s %-9s %4d", $2, $4, $5)
                  if (!(key in seen)) { seen[key] = 1; order[++n] = key }
                  own = $1 == "RLCM"
                  f[own, key] = $6; u[own, key] = $8; m[own, key] = $10 }
        function ratio(t, k) { return (1, k) in t && (0, k) in t && t[1, k] > 0 ? sprintf("%.2f", t[0, k] / t[1, k]) : "-" }
        function cell(t, own, k, form) { return (own, k) in t ? sprintf(form, t[own, k]) : "-" }
        function goal(what, t, least) { r = ratio(t, wanted)
              printf "goal: %-50s %s\n", what, r == "-" ? "not measured" : (r + 0 >= least ? "reached, " : "missed, ") r }
        END { for (i = 1; i <= n; i++) { k = order[i]
              printf "%s | %9s %9s %5s | %9s %9s %5s | %7s %7s\n", k,
                     cell(f, 1, k, "%.2f"), cell(f, 0, k, "%.2f"), ratio(f, k),
                     cell(u, 1, k, "%.2f"), cell(u, 0, k, "%.2f"), ratio(u, k),
                     cell(m, 1, k, "%.2f"), cell(m, 0, k, "%.2f") }
              wanted = sprintf("%-9s %-9s %4d", "sd15", "float16", 8)
              goal("forward, float16, 8 rows, ratio at least 1", f, 1)
              goal("update, float16, 8 rows, ratio at least 1", u, 1)
              goal("memory, float16, 8 rows, ratio at least 0.83", m, 1 / 1.2) }' "$RESULTS/results.csv"
}

run() {
    local asked=()
    while [ $# -gt 0 ]; do
        case $1 in
            --device) DEVICE=$2 && shift ;;
            --results) RESULTS=$2 && shift ;;
            *) limit "$1" >/dev/null && asked+=("$1") || exit 1 ;;
        esac
        shift
    done
    mkdir -p "$RESULTS" && RESULTS=$(cd "$RESULTS" && pwd) || die "cannot write to $RESULTS"
    unpack
    [ "$DEVICE" = cpu ] || prepare_cuda
    export DEVICE RESULTS KIT_HOME LIMITS
    [ "$DEVICE" = cpu ] && STEPS=${STEPS/train-2-cores /}
    [ ${#asked[@]} -gt 0 ] || read -ra asked <<<"$STEPS"
    for name in "${asked[@]}"; do
        run_step "$name"
    done
    table
}

case ${1:-} in
    keep) keep "${2:?a folder with pieces}" ;;
    run) shift && run "$@" ;;
    steps) for name in $STEPS; do echo "$name $(limit "$name") s"; done ;;
    table) table ;;
    internal-step) step "$2" ;; # a process that timeout can end
    internal-java) shift && java "$@" ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
