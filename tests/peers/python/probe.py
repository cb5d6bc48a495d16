"""What the probe's server and client share: settings, and messages made from the descriptor that the test hands over."""
import base64
import json
import sys

from google.protobuf import descriptor_pool, message_factory

# { descriptor: base64 of a FileDescriptorProto, address, cert?, key?, options? }
SETTINGS = json.loads(sys.argv[1])
OPTIONS = list({"grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1, **SETTINGS.get("options", {})}.items())
SERVICE = "aiinfra.probe.Probe"
# Method: (requests stream, answers stream)
SHAPES = {"Unary": (0, 0), "ServerStream": (0, 1), "ClientStream": (1, 0), "Duplex": (1, 1), "Missing": (0, 0)}

_POOL = descriptor_pool.DescriptorPool()
_POOL.AddSerializedFile(base64.b64decode(SETTINGS["descriptor"]))


def _message(name):
    descriptor = _POOL.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(_POOL).GetPrototype(descriptor)


Ask = _message("aiinfra.probe.Ask")
Answer = _message("aiinfra.probe.Answer")


def plain(metadata):
    """As a dict of strings; bytes as padded base64, several values joined by a comma."""
    joined = {}
    for name, value in metadata or ():
        text = base64.b64encode(value).decode() if isinstance(value, bytes) else value
        joined[name] = joined[name] + "," + text if name in joined else text
    return joined


def read(path):
    with open(path, "rb") as file:
        return file.read()
