#!/usr/bin/env bash
# An agent made of curl, which says what curl says by itself: agent.sh URL DIRECTORY
#
# A form type with every body, no body and no length with a bare -XPOST, HTTP/1.0 where asked, and `Expect:
# 100-continue` with a large body. Pushes the cart to one side for an episode, and prints how many steps it took.
set -euo pipefail
url=$1
directory=$2

# The body of an answer that is good; curl fails at 400 and above, and a redirect is not followed.
ask() { curl --silent --show-error --fail --request "$1" "$url$2" "${@:3}"; }

# The status and the type of an answer.
head_of() { ask "$@" --output /dev/null --write-out '%{http_code} %{content_type} %{num_connects}'; }

expect() {
    if [[ $1 != $2 ]]; then # a pattern, so it is not quoted
        echo "expected $2, got $1" >&2
        exit 1
    fi
}

number='?(-)+([0-9.e-])'
created=$(ask POST /v1/envs/ -d '{"env_id": "CartPole-v0"}')
id=$(sed -nE 's/^\{"instance_id":"([0-9a-f]{8})"\}$/\1/p' <<<"$created")
expect "$id" '????????'
instance=/v1/envs/$id

expect "$(ask GET /v1/envs/)" "*\"$id\":\"CartPole-v0\"*"
expect "$(ask GET "$instance/action_space/" --http1.0)" '{"info":{"name":"Discrete","n":2}}'
expect "$(ask GET "$instance/action_space/sample" --compressed)" '{"action":[01]}'
expect "$(ask GET "$instance/action_space/contains/1/")" '{"member":true}'
expect "$(ask POST "$instance/observation_space/contains" -d '{"name": "Box", "shape": [4]}')" '{"member":true}'
expect "$(head_of POST "$instance/monitor/start" -d "{\"directory\": \"$directory\"}")" '204 text/html; charset=utf-8 1'
expect "$(head_of POST "$instance/reset")" '200 application/json 1'
expect "$(ask POST "$instance/reset/" --http1.0 -d '')" "{\"observation\":\\[$number,$number,$number,$number\\]}"

steps=0
done=false
large=$(printf '%70000s' '')
while [[ $done == false ]]; do
    step=$(ask POST "$instance/step/" -H 'Expect: 100-continue' --data-binary "{\"action\": 1, \"render\": true}$large")
    expect "$step" '{"done":@(true|false),"info":{},"observation":\[*\],"reward":1.0,"terminated":*,"truncated":false}'
    done=$(sed -E 's/^\{"done":(true|false),.*/\1/' <<<"$step")
    steps=$((steps + 1))
done

expect "$(head_of POST "$instance/monitor/close")" '204 text/html; charset=utf-8 1'
expect "$(head_of POST /v1/upload/ -d "{\"training_dir\": \"$directory\", \"api_key\": \"k\", \"algorithm_id\": \"curl\"}")" \
    '204 text/html; charset=utf-8 1'
expect "$(head_of POST "$instance/close" -d 'null')" '204 text/html; charset=utf-8 1'
expect "$(curl --silent "$url$instance/reset/" -d '')" "{\"message\":\"Instance_id $id unknown\",*"
echo "$steps"
