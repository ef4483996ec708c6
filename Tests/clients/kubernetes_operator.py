"""An operator, as users of kopf write them; kubernetes_clients.py runs it."""

import kopf


@kopf.on.create("pods", labels={"operator": "yes"})
def created(patch, **_):
    patch.metadata.annotations["example.com/created"] = "yes"


@kopf.on.update("pods", labels={"operator": "yes"}, field="metadata.labels")
def updated(patch, **_):
    patch.metadata.annotations["example.com/updated"] = "yes"


@kopf.on.delete("pods", labels={"operator": "yes"})
def deleted(**_):
    pass
