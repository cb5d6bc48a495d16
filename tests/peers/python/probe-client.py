"""Calls the probe as told, one JSON object a line on stdin:
{ method, asks: [...], deadlineMs?, cancelAfter?, metadata?: {name: text}, bytes?: {name: base64}, compress?, leaveOpen? }
Prints "ready", "message INDEX" for each answer of a stream, and one "result {code, details, answers, headers, trailers}" a call."""
import base64
import json
import sys
import threading

import grpc

from probe import OPTIONS, SERVICE, SETTINGS, SHAPES, Answer, Ask, plain, read


def ask_of(fields):
    fields = dict(fields)
    payload = bytes(fields.pop("payloadBytes", 0))
    return Ask(payload=payload, **fields)


def describe(answer):
    return {"text": answer.text, "payload": len(answer.payload), "index": answer.index, "received_bytes": answer.received_bytes,
            "metadata": dict(answer.metadata), "had_deadline": answer.had_deadline}


def start(channel, task):
    requests_stream, answers_stream = SHAPES[task["method"]]
    make = getattr(channel, ("stream" if requests_stream else "unary") + "_" + ("stream" if answers_stream else "unary"))
    method = make(f"/{SERVICE}/{task['method']}", request_serializer=Ask.SerializeToString, response_deserializer=Answer.FromString)
    metadata = list(task.get("metadata", {}).items())
    metadata += [(name, base64.b64decode(value)) for name, value in task.get("bytes", {}).items()]
    timeout = task["deadlineMs"] / 1000 if "deadlineMs" in task else None
    compression = grpc.Compression.Gzip if task.get("compress") else None
    asks = [ask_of(ask) for ask in task["asks"]]
    over = threading.Event()

    def requests():
        yield from asks
        if task.get("leaveOpen"):
            over.wait()

    request = requests() if requests_stream else asks[0]
    invoke = method if answers_stream else method.future
    call = invoke(request, timeout=timeout, metadata=metadata, compression=compression)
    answers = []
    try:
        if task.get("cancelAfter") == 0:
            call.cancel()
        if answers_stream:
            for answer in call:
                answers.append(describe(answer))
                print("message", answer.index, flush=True)
                if len(answers) == task.get("cancelAfter"):
                    call.cancel()
        else:
            answers.append(describe(call.result()))
    except (grpc.RpcError, grpc.FutureCancelledError):
        pass  # the status says it
    over.set()
    result = {"code": call.code().value[0], "details": call.details() or "", "answers": answers,
              "headers": plain(call.initial_metadata()), "trailers": plain(call.trailing_metadata())}
    print("result", json.dumps(result), flush=True)


if "cert" in SETTINGS:
    channel = grpc.secure_channel(SETTINGS["address"], grpc.ssl_channel_credentials(read(SETTINGS["cert"])), options=OPTIONS)
else:
    channel = grpc.insecure_channel(SETTINGS["address"], options=OPTIONS)
print("ready", flush=True)
for line in sys.stdin:
    start(channel, json.loads(line))
