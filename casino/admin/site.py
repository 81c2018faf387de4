"""The back office's site: who comes in, its pages beside the lists of rows, its menu, and what every page shows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path, reverse

from casino.admin.columns import show_to
from casino.admin.rows import Scoped
from casino.errors import Refusal

# Where lists stand that nobody has given a place: third-party ones, and the site's own rows of terms.
LAST_SECTION = "Platform"
# Says "seen" or "never existed" of rows that the asker may not see.
_LEFT_OUT = ("view_on_site",)


@dataclass(frozen=True)
class Page:
    """A page that is no list of rows. ``view`` is called only for staff (for platform admins, where it is theirs)."""

    address: str  # below /backoffice/, with a slash at the end
    name: str  # of the URL, reversed as ``admin:<name>``
    title: str
    section: str  # the heading of the menu under which it stands
    view: Callable[..., HttpResponse]
    is_platforms: bool = False
    is_in_menu: bool = True
    is_open: Callable[[], bool] = lambda: True  # what is switched off is not there at all

    def is_for(self, request: HttpRequest) -> bool:
        """Whether the page is there for whoever asks."""
        return self.is_open() and (not self.is_platforms or _is_platform(request))


class PlatformsAlone:
    """Mixed into every ModelAdmin that is not ``Scoped``: whatever it says itself, only the platform comes near it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_platform(request) and super().has_module_permission(request)  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_platform(request) and super().has_view_permission(request, obj)  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return _is_platform(request) and super().has_add_permission(request, *args)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_platform(request) and super().has_change_permission(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_platform(request) and super().has_delete_permission(request, obj)  # type: ignore[misc]


class BackOffice(admin.AdminSite):
    site_header = "Casino back office"
    site_title = "Back office"
    index_title = "Overview"
    site_url = None
    login_form = AdminAuthenticationForm

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages: list[Page] = []
        # Headings of the menu in their order, each with the lists under it as "app.Model".
        self.sections: Mapping[str, Sequence[str]] = {}
        self.overview: Callable[[HttpRequest], HttpResponse] | None = None

    def register(
        self, model_or_iterable: Any, admin_class: type[admin.ModelAdmin] | None = None, **options: Any
    ) -> None:
        """As Django's, but what is not ``Scoped`` becomes the platform's alone, whoever wrote it."""
        kind: Any = admin_class or admin.ModelAdmin
        if not issubclass(kind, (Scoped, PlatformsAlone)):
            kind = type(kind.__name__, (PlatformsAlone, kind), {"__module__": kind.__module__})
        super().register(model_or_iterable, kind, **options)

    def add_page(self, page: Page) -> None:
        """Put a page of an upper floor on the site; called from that app's ``admin`` module."""
        self.pages.append(page)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        rows = [found for found in super().get_urls() if getattr(found, "name", None) not in _LEFT_OUT]
        return [path(page.address, self._guarded(page), name=page.name) for page in self.pages] + rows

    def _guarded(self, page: Page) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if not page.is_for(request):
                raise Http404
            return page.view(request, *args, **kwargs)

        return self.admin_view(view)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """As Django's; what a page raises as a refusal is answered by a page of one plain sentence."""

        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            show_to(request)
            try:
                response: HttpResponseBase = view(request, *args, **kwargs)
            except Http404:
                return self.refuse(request, 404, "There is no such page, or it is not yours to see.")
            except PermissionDenied:
                return self.refuse(request, 403, "Your duty does not include this.")
            except Refusal as refusal:
                return self.refuse(request, refusal.status, refusal.detail)
            return response

        return super().admin_view(answer, cacheable)

    def refuse(self, request: HttpRequest, status: int, sentence: str) -> HttpResponse:
        """A page that says why not."""
        context = {**self.each_context(request), "title": "Not here" if status == 404 else "Refused"}
        return render(request, "admin/refused.html", {**context, "sentence": sentence}, status=status)

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The first page: the overview, where an upper floor has brought one."""
        if self.overview is not None:
            return self.overview(request)
        return super().index(request, extra_context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page shows: the menu, where this runs, and who is at it."""
        context = super().each_context(request)
        if not context["has_permission"]:
            return context
        return {
            **context,
            "menu": self._menu(request, context["available_apps"]),
            "environment": _environment(),
            "whoami": _whoami(request.user),
        }

    def _menu(self, request: HttpRequest, apps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The headings with what this person may open: pages first, then lists, in the order of ``sections``."""
        place = {label.lower(): section for section, labels in self.sections.items() for label in labels}
        order = {label.lower(): number for number, label in enumerate(place)}
        links: dict[str, list[tuple[str, str]]] = {section: [] for section in (*self.sections, LAST_SECTION)}
        links[next(iter(links))].append((self.index_title, reverse("admin:index")))
        for page in self.pages:
            if page.is_in_menu and page.is_for(request):
                links.setdefault(page.section, []).append((page.title, reverse(f"admin:{page.name}")))
        lists = [(_label(entry["model"]), entry) for app in apps for entry in app["models"] if entry["admin_url"]]
        for label, entry in sorted(lists, key=lambda pair: (order.get(pair[0], len(order)), str(pair[1]["name"]))):
            links[place.get(label, LAST_SECTION)].append((str(entry["name"]), entry["admin_url"]))
        return [
            {"title": section, "links": [_link(request, title, url) for title, url in found]}
            for section, found in links.items()
            if found
        ]


def _label(model: type[Model]) -> str:
    return model._meta.label_lower


def _link(request: HttpRequest, title: str, url: str) -> dict[str, Any]:
    is_current = request.path == url or (url != reverse("admin:index") and request.path.startswith(url))
    return {"title": title[:1].upper() + title[1:], "url": url, "is_current": is_current}


def _is_platform(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_platform_admin", False))


def _environment() -> dict[str, str]:
    """What the banner says: nobody should take a demo for the real thing, or the other way round."""
    if settings.DEBUG:
        return {"name": "Development", "note": "No real money here", "kind": "development"}
    if settings.SEEDING_ENABLED:
        return {"name": "Demo", "note": "Seeding is on: bots may play", "kind": "demo"}
    return {"name": "Production", "note": "", "kind": "production"}


def _whoami(user: Any) -> str:
    """Who is logged in, as what, and for which operator."""
    if user.is_platform_admin:
        return f"{user} · platform"
    return f"{user} · {user.get_duty_display().lower()} at {user.operator}"
