"""Texts that a careless reader would take for markup, a template or a formula (T35)."""

from __future__ import annotations

SCRIPTS = {
    "a script": "<script>alert(1)</script>",
    "an image": '"><img src=x onerror=alert(1)>',
    "an SVG": "<svg/onload=alert(1)>",
    "a link": "javascript:alert(1)",
    "an attribute": "' onmouseover='alert(1)",
    "a comment": "--><script>alert(1)</script>",
    "a template": "{{7*7}}${7*7}<%= 7*7 %>",
    "a frame": '<iframe srcdoc="<script>alert(1)</script>">',
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "a formula": '=HYPERLINK("http://evil.example","x")',
    "another formula": "@SUM(1+1)*cmd|' /C calc'!A0",
    "a line separator": "a\u2028<script>alert(1)</script>",
}
