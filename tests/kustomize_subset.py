"""Renders the part of kustomize that deploy/kubernetes uses: resources, namespace, labels, images.

Any other field is refused rather than ignored. Where kubectl is installed, manifests_test.py
compares the result with its own.
"""

import copy
import pathlib

import yaml

KNOWN_FIELDS = {"apiVersion", "kind", "namespace", "labels", "resources", "images"}


def render(directory):
    """The objects that `kubectl kustomize DIRECTORY` prints, in the order of the files."""
    directory = pathlib.Path(directory)
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text())
    unknown = set(kustomization) - KNOWN_FIELDS
    if unknown:
        raise ValueError(f"{directory}: this renderer does not know {sorted(unknown)}")
    objects = []
    for name in kustomization["resources"]:
        path = directory / name
        objects += render(path) if path.is_dir() else load(path)
    for item in objects:
        set_namespace(item, kustomization.get("namespace"))
        for entry in kustomization.get("labels", []):
            add_labels(item, entry)
        for image in kustomization.get("images", []):
            replace_image(item, image)
    return objects


def load(path):
    """The documents of a YAML file; deep copies, so that anchors share nothing."""
    return [copy.deepcopy(d) for d in yaml.safe_load_all(path.read_text()) if d is not None]


def set_namespace(item, namespace):
    if namespace and item["kind"] == "Namespace":
        item["metadata"]["name"] = namespace
    elif namespace:
        item["metadata"]["namespace"] = namespace


def add_labels(item, entry):
    """Adds the pairs to the object and, with includeTemplates, to what it makes."""
    unknown = set(entry) - {"pairs", "includeTemplates"}
    if unknown:
        raise ValueError(f"labels: this renderer does not know {sorted(unknown)}")
    targets = [item]
    if entry.get("includeTemplates"):
        targets += [t for t in (item.get("spec", {}).get("template"),) if t]
        targets += item.get("spec", {}).get("volumeClaimTemplates", [])
    for target in targets:
        target["metadata"].setdefault("labels", {})
        # A new dictionary: two places of one document may share theirs by an anchor.
        target["metadata"]["labels"] = {**target["metadata"]["labels"], **entry["pairs"]}


def replace_image(item, image):
    for container in containers(item):
        if container["image"] == image["name"]:
            container["image"] = f"{image.get('newName', image['name'])}:{image['newTag']}"


def pod_template(item):
    """The pod template of a workload, or None."""
    return item.get("spec", {}).get("template") if "template" in item.get("spec", {}) else None


def containers(item):
    """Every container of a workload, init containers first."""
    template = pod_template(item)
    if template is None:
        return []
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]
