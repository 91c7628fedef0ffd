import type { AccessHouse, Answer } from '../access-house.ts'

const API = 'http://api.example'
const MOST_STEPS = 15

/** Where a browser has come to. */
export interface Page {
  readonly url: URL
  readonly status: number
  readonly text: string
}

/** A browser as far as signing in goes: it follows redirects, fills in forms and keeps cookies, each for its own host. */
export class Browser {
  readonly #house: AccessHouse
  /** Cookies by origin. */
  readonly cookies = new Map<string, Map<string, string>>()
  /** Where it has been. */
  readonly visited: URL[] = []

  constructor(house: AccessHouse) {
    this.#house = house
  }

  /** What is kept for the API: flows under way and the refresh token. */
  get apiCookies(): Map<string, string> {
    return this.#jar(API)
  }

  /** One request to the API, without following where it leads. */
  async api(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.#house.send('GET', path, {
      headers: { accept: 'text/html', cookie: cookieHeader(this.apiCookies), ...headers },
    })
    this.#keep(API, [answer.headers['set-cookie'] ?? []].flat())
    return answer
  }

  /** Opens an address and follows redirects until a page comes, or an address of `stop`. */
  async open(address: string, stop: (url: URL) => boolean = isApp): Promise<Page> {
    return this.#follow(new URL(address, API), stop)
  }

  /** Signs in: begins at the API, goes through the provider's log-in and consent, comes back to the application. */
  async signIn(path: string, login: string, stop: (url: URL) => boolean = isApp): Promise<URL> {
    let page = await this.open(path, stop)
    for (let step = 0; step < 4 && !stop(page.url); step++) {
      const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1]
      const prompt = /name="prompt" value="(\w+)"/.exec(page.text)?.[1]
      if (action === undefined || prompt === undefined) throw new Error(`no form at ${page.url}: ${page.text}`)
      const form = new URLSearchParams({ prompt, ...(prompt === 'login' ? { login, password: 'any' } : {}) })
      page = await this.#follow(new URL(action, page.url), stop, form)
    }
    return page.url
  }

  async #follow(from: URL, stop: (url: URL) => boolean, form?: URLSearchParams): Promise<Page> {
    let url = from
    let body = form
    for (let step = 0; step < MOST_STEPS; step++) {
      this.visited.push(url)
      if (stop(url)) return { url, status: 0, text: '' }
      const { status, location, text } = await this.#request(url, body)
      if (location === undefined) return { url, status, text }
      url = new URL(location, url)
      body = undefined
    }
    throw new Error(`redirected too often: ${this.visited.join(' -> ')}`)
  }

  async #request(
    url: URL,
    form: URLSearchParams | undefined,
  ): Promise<{ status: number; location?: string; text: string }> {
    if (url.origin === API) {
      const answer = await this.api(url.pathname + url.search)
      const location = answer.headers.location as string | undefined
      return { status: answer.status, text: String(answer.body), ...(location === undefined ? {} : { location }) }
    }
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: cookieHeader(this.#jar(url.origin)), accept: 'text/html' },
      ...(form ? { method: 'POST', body: form } : {}),
    })
    this.#keep(url.origin, response.headers.getSetCookie())
    const location = response.headers.get('location') ?? undefined
    return { status: response.status, text: await response.text(), ...(location === undefined ? {} : { location }) }
  }

  #jar(origin: string): Map<string, string> {
    const jar = this.cookies.get(origin) ?? new Map<string, string>()
    this.cookies.set(origin, jar)
    return jar
  }

  #keep(origin: string, cookies: readonly string[]): void {
    for (const cookie of cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      const ended = value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(cookie)
      if (ended) this.#jar(origin).delete(name)
      else this.#jar(origin).set(name, value)
    }
  }
}

/** The application, where every sign-in ends. */
export const isApp = (url: URL): boolean => url.origin === 'https://cloud.example'

/** A callback that is about to be sent to the API, with its code. */
export const isCallback = (url: URL): boolean => url.origin === API && url.pathname.endsWith('/callback')

const cookieHeader = (jar: ReadonlyMap<string, string>): string =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
