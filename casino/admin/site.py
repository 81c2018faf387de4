"""The back office's site: who comes in, its pages beside the lists of rows, and what every page shows."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path


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


class BackOffice(admin.AdminSite):
    site_header = "Casino back office"
    site_title = "Back office"
    index_title = "Overview"
    login_form = AdminAuthenticationForm

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages: list[Page] = []

    def add_page(self, page: Page) -> None:
        """Put a page of an upper floor on the site; called from that app's ``admin`` module."""
        self.pages.append(page)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        return [path(page.address, self._guarded(page), name=page.name) for page in self.pages] + super().get_urls()

    def _guarded(self, page: Page) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if page.is_platforms and not getattr(request.user, "is_platform_admin", False):
                raise Http404
            return page.view(request, *args, **kwargs)

        return self.admin_view(view)
