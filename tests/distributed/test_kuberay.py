"""The manifest for Kubernetes as a document: no cluster is to be had here."""

from __future__ import annotations

from pathlib import Path

import yaml

MANIFEST = Path(__file__).parents[2] / "examples" / "ray" / "kuberay.yaml"


def test_manifest_asks_for_a_token_and_opens_nothing() -> None:
    text = MANIFEST.read_text(encoding="utf-8")
    cluster = yaml.safe_load(text)
    head = cluster["spec"]["headGroupSpec"]

    assert "UNTESTED" in text
    assert (cluster["apiVersion"], cluster["kind"]) == ("ray.io/v1", "RayCluster")
    assert cluster["spec"]["authOptions"] == {"mode": "token"}
    assert head["serviceType"] == "ClusterIP"
    assert head["rayStartParams"]["dashboard-host"] == "127.0.0.1"


def test_every_pod_sees_the_same_files() -> None:
    spec = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))["spec"]
    pods = [each["template"]["spec"] for each in (spec["headGroupSpec"], *spec["workerGroupSpecs"])]
    images = {container["image"] for pod in pods for container in pod["containers"]}
    mounts = {
        mount["mountPath"]
        for pod in pods
        for container in pod["containers"]
        for mount in container["volumeMounts"]
    }

    assert len(pods) == 2 and len(images) == len(mounts) == 1
    assert all(pod["volumes"] == pods[0]["volumes"] for pod in pods)
